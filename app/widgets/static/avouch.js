// Avouch widgets, version 1: <avouch-form>, <avouch-reviews>, <avouch-badge>.
//
//   <script type="module" src="https://…/widgets/v1/avouch.js"></script>
//   <avouch-form site="avs_…" subject="pump-100"></avouch-form>
//
// A guest on somebody's page: no cookies, no storage, no requests but to the host this file came from, nothing
// outside its own shadow roots. Text is only ever set as text, so it runs under a strict CSP with Trusted Types.
// The page lets it in with: script-src, connect-src and frame-src of this host. It keeps the room until this has run:
//   avouch-form:not(:defined) { display: block; min-height: 74rem }
//   avouch-reviews:not(:defined) { display: block; height: min(100vh, 38rem) }
//   avouch-badge:not(:defined) { display: inline-block; vertical-align: bottom; height: 1.6em }

const base = new URL(import.meta.url).origin;

// What the lines of each language below are, in order. `reviews` is by plural category, as Intl.PluralRules names them.
const KEYS = "reviews of check more none gone good bad reply incentive solved form author affiliation purchase not_proven expired oidc mailed_link work_email purchase_token".split(" ");

const WORDS = {
  en: [
    { one: "# review", other: "# reviews" },
    "# of 5 stars",
    "Check this yourself",
    "Show more",
    "No reviews yet",
    "The reviews cannot be loaded just now.",
    "What is good",
    "What could be better",
    "Reply of #",
    "Incentivised: #",
    "Problem solved, says the author",
    "Write a review",
    "Author",
    "Affiliation",
    "Purchase",
    "not proven",
    "expired",
    "sign-in",
    "link by e-mail",
    "work e-mail address",
    "order code",
  ],
  ru: [
    { one: "# отзыв", few: "# отзыва", many: "# отзывов", other: "# отзыва" },
    "# из 5 звёзд",
    "Проверьте сами",
    "Показать ещё",
    "Отзывов пока нет",
    "Отзывы сейчас не загружаются.",
    "Что хорошо",
    "Что можно улучшить",
    "Ответ поставщика #",
    "За вознаграждение: #",
    "Проблема решена, по словам автора",
    "Написать отзыв",
    "Автор",
    "Место работы",
    "Покупка",
    "не подтверждено",
    "срок истёк",
    "вход",
    "ссылка по почте",
    "рабочий адрес почты",
    "код заказа",
  ],
  pl: [
    { one: "# opinia", few: "# opinie", many: "# opinii", other: "# opinii" },
    "# z 5 gwiazdek",
    "Sprawdź samodzielnie",
    "Pokaż więcej",
    "Nie ma jeszcze opinii",
    "Nie można teraz wczytać opinii.",
    "Co jest dobre",
    "Co można poprawić",
    "Odpowiedź dostawcy #",
    "Za wynagrodzenie: #",
    "Problem rozwiązany, według autora",
    "Napisz opinię",
    "Autor",
    "Miejsce pracy",
    "Zakup",
    "nie potwierdzono",
    "ważność wygasła",
    "logowanie",
    "link e-mail",
    "służbowy adres e-mail",
    "kod zamówienia",
  ],
  bg: [
    { one: "# отзив", other: "# отзива" },
    "# от 5 звезди",
    "Проверете сами",
    "Показване на още",
    "Още няма отзиви",
    "Отзивите не могат да се заредят сега.",
    "Какво е добро",
    "Какво може да е по-добро",
    "Отговор от #",
    "Срещу възнаграждение: #",
    "Проблемът е решен, казва авторът",
    "Напишете отзив",
    "Автор",
    "Месторабота",
    "Покупка",
    "не е потвърдено",
    "срокът е изтекъл",
    "вход",
    "връзка по имейл",
    "служебен имейл адрес",
    "код на поръчка",
  ],
};

// Colours follow the page's own color-scheme, so a page that knows no dark mode gets none.
const sheet = new CSSStyleSheet();
sheet.replaceSync(
  ":host{display:block;--r:var(--avouch-radius,6px);--i:var(--avouch-ink,light-dark(#1a1f21,#e9ebeb));--s:var(--avouch-soft,light-dark(#545c60,#a7b0b5));" +
    "--p:var(--avouch-paper,light-dark(#fff,#1a1e21));--l:var(--avouch-line,light-dark(#d9dbd7,#33393e));" +
    "--a:var(--avouch-accent,light-dark(#0f766e,#5eead4));--t:var(--avouch-star,light-dark(#b87503,#f2b53a));" +
    "--g:var(--avouch-proven,light-dark(#17692f,#74dc97));color:var(--i);font:var(--avouch-font,1rem/1.5 system-ui,sans-serif)}" +
    ":host([hidden]){display:none}:host([theme=light]){color-scheme:light}:host([theme=dark]){color-scheme:dark}:host([theme=auto]){color-scheme:light dark}" +
    // Room is kept before anything has arrived, so that the page around does not jump.
    ":host(avouch-form){--h:var(--avouch-form-height,74rem);min-block-size:var(--h)}@media(width<30em){:host(avouch-form){--h:var(--avouch-form-height,84rem)}}:host(avouch-reviews){max-block-size:var(--avouch-height,38rem);overflow:auto}:host([aria-busy]){block-size:100vh}" +
    ":host(avouch-badge){display:inline-block;vertical-align:bottom;min-inline-size:15em;block-size:1.6em;line-height:1.6}" +
    "iframe{display:block;border:0;border-radius:var(--r);inline-size:100%;block-size:var(--h);color-scheme:normal}" +
    "h3,h4,p,ul{margin:0;padding:0}h3{font-size:1.06em}h4,small,.by{font-size:.86em;font-weight:400;color:var(--s)}a,.more{color:var(--a)}" +
    ":focus-visible{outline:3px solid var(--a);outline-offset:2px}" +
    "article,.head{border:1px solid var(--l);border-radius:var(--r);background:var(--p);padding:1em;margin-block-end:.75em;display:grid;gap:.5em}" +
    ".head{display:flex;flex-wrap:wrap;align-items:center}.text{white-space:pre-line;overflow-wrap:anywhere}.reply{border-inline-start:3px solid var(--a);padding-inline-start:.75em}" +
    ".stars{color:var(--t);display:inline-block;inline-size:6.4em;block-size:1.28em;vertical-align:-.25em}svg:not(.lit){display:block;inline-size:100%;block-size:100%}" +
    ".proofs{display:flex;gap:.25em;list-style:none}.proofs li{position:relative}.proofs button{all:unset;cursor:help;inline-size:28px;block-size:28px;padding:4px;color:var(--s)}" +
    ".proofs button:focus-visible{outline:3px solid var(--a)}.proofs .proven{color:var(--g)}.proofs span{position:absolute;z-index:1;inset-block-end:100%;inset-inline-start:0;inline-size:max-content;max-inline-size:16em;" +
    "padding:.4em .6em;border:1px solid var(--l);border-radius:var(--r);background:var(--p);font-size:.86em;visibility:hidden}.proofs button:hover+span,.proofs button:focus+span{visibility:visible}" +
    ".mark{border:1px solid var(--l);border-radius:var(--r);padding:0 .4em;font-size:.86em;justify-self:start}" +
    ".more{font:inherit;background:none;border:1px solid;border-radius:var(--r);padding:.6em 1em;min-block-size:44px;cursor:pointer}.badge{color:inherit;text-decoration:none;white-space:nowrap}b{font-variant-numeric:tabular-nums}",
);

const SVG = "http://www.w3.org/2000/svg";
const STAR = "m12 2.9 2.8 5.8 6.3.8-4.6 4.4 1.2 6.3L12 17.1l-5.7 3.1 1.2-6.3-4.6-4.4 6.3-.8z";
// Person, building, receipt, as on Avouch's own pages but simpler: on a grid of 20, in whole steps.
const GLYPHS = {
  author: "M10 2a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM3 18c0-4 3-7 7-7s7 3 7 7z",
  affiliation: "M4 2h12v16H4zM7 5v2h2V5zm4 0v2h2V5zM7 9v2h2V9zm4 0v2h2V9zm-2 4v5h2v-5z",
  purchase: "M4 2h12v16l-2-1-2 1-2-1-2 1-2-1-2 1zM7 6v1h6V6zm0 3v1h6V9zm0 3v1h4v-1z",
};

// An element; properties it knows are set as such, others as attributes; empty children are left out.
function make(tag, props, ...children) {
  const isSvg = tag === "svg" || tag === "path" || tag === "circle";
  const element = isSvg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value == null) continue;
    if (!isSvg && name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null && child !== ""));
  return element;
}

const fill = (text, value) => text.replace("#", () => value);
// Only web addresses become links, whatever a feed may say.
const link = (url, props, ...children) => make("a", { href: /^https?:/.test(url) ? url : base, target: "_blank", rel: "noopener", ...props }, ...children);

function stars(words, value, figure) {
  const row = (props) => [0, 1, 2, 3, 4].map((n) => make("path", { d: STAR, transform: `translate(${n * 24})`, ...props }));
  // The inner svg cuts the filled row off at the score.
  const lit = make("svg", { width: 24 * value, height: 24, class: "lit" }, ...row({ fill: "currentColor" }));
  const drawing = make("svg", { viewBox: "0 0 120 24" }, ...row({ fill: "none", stroke: "currentColor", "stroke-width": 1.6 }), lit);
  return make("span", { className: "stars", part: "stars", role: "img", ariaLabel: fill(words.of, figure) }, drawing);
}

class Guest extends HTMLElement {
  static observedAttributes = ["site", "subject", "lang", "theme"];

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
  }

  connectedCallback() {
    this.start();
  }

  disconnectedCallback() {
    this.stop.abort();
    this.stop = null;
  }

  attributeChangedCallback() {
    if (this.stop) this.start();
  }

  start() {
    this.stop?.abort();
    this.stop = new AbortController();
    const asked = this.lang || this.closest("[lang]")?.lang || navigator.language;
    const code = asked.slice(0, 2).toLowerCase();
    // Dates as on Avouch's own pages, day before month.
    this.locale = WORDS[code] && code !== "en" ? code : "en-GB";
    this.words = Object.fromEntries(KEYS.map((key, n) => [key, WORDS[this.locale.slice(0, 2)][n]]));
    this.show(this.stop.signal);
  }

  get site() {
    return encodeURIComponent(this.getAttribute("site") ?? "");
  }

  get feeds() {
    const subject = this.getAttribute("subject");
    return `${base}/feeds/${this.site}${subject ? `/${encodeURIComponent(subject)}` : ""}`;
  }

  // Stars, figure and count of a rating; `wrap` makes what it likes of the count's words.
  score({ count, score }, wrap) {
    const { words, locale } = this;
    if (!count) return [words.none];
    const figure = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(score);
    const counted = words.reviews[new Intl.PluralRules(locale).select(count)] ?? words.reviews.other;
    return [stars(words, score, figure), " ", make("b", {}, figure), " · ", wrap(fill(counted, count))];
  }

  put(...children) {
    this.shadowRoot.replaceChildren(...children);
  }

  async fetch(url, signal) {
    const answer = await fetch(url, { signal, credentials: "omit" });
    if (!answer.ok) throw new Error(answer.status);
    return answer.json();
  }
}

class Reviews extends Guest {
  async show(signal) {
    this.setAttribute("aria-busy", "true");
    try {
      const feed = await this.fetch(`${this.feeds}/reviews.json`, signal);
      const { rating } = feed._avouch;
      const head = make("div", { className: "head", part: "score" });
      head.append(...this.score(rating, (count) => link(feed.home_page_url, { part: "total" }, count)));
      const list = make("div", { part: "list" });
      this.put(head, list);
      // A scrolling region must be within reach of the keyboard.
      this.tabIndex = 0;
      this.add(list, feed, signal);
    } catch {
      if (signal.aborted) return;
      this.put(make("p", { role: "status" }, this.words.gone));
    }
    this.removeAttribute("aria-busy");
  }

  add(list, feed, signal) {
    list.append(...feed.items.map((item) => this.review(item, feed._avouch.supplier.name)));
    if (!feed.next_url) return;
    const more = make("button", { type: "button", className: "more", part: "more" }, this.words.more);
    more.onclick = async () => {
      const next = await this.fetch(feed.next_url, signal).catch(() => null);
      if (!next) return;
      const last = list.children.length - 1;
      more.remove();
      this.add(list, next, signal);
      // Whoever pressed the button goes on reading where it was.
      list.children[last].tabIndex = -1;
      list.children[last].focus();
    };
    list.append(more);
  }

  review(item, supplier) {
    const { words, locale } = this;
    const more = item._avouch;
    const said = (text, part) => text && make("p", { className: "text", part, dir: "auto", lang: item.language }, text);
    const side = (label, text) => text && make("div", {}, make("h4", {}, label), said(text, "text"));
    const by = [item.authors?.[0]?.name, more.role, more.company].filter(Boolean).join(", ");
    const date = new Intl.DateTimeFormat(locale, { dateStyle: "long" }).format(new Date(item.date_published));
    return make(
      "article",
      { part: "review" },
      stars(words, more.rating.value, more.rating.value),
      item.title && make("h3", { part: "title", dir: "auto", lang: item.language }, item.title),
      said(item.content_text, "text"),
      side(words.good, more.pros),
      side(words.bad, more.cons),
      make("p", { className: "by", part: "author", dir: "auto" }, by, " · ", make("time", { dateTime: item.date_published }, date)),
      make("ul", { className: "proofs", part: "proofs", role: "list" }, ...Object.keys(GLYPHS).map((kind) => this.proof(kind, more.proofs[kind]))),
      more.incentive && make("p", { className: "mark", part: "incentive" }, fill(words.incentive, more.incentive)),
      more.resolved && make("p", { className: "mark" }, words.solved),
      more.reply && make("div", { className: "reply", part: "reply" }, make("h4", {}, fill(words.reply, supplier)), said(more.reply.text)),
      make("small", {}, link(item.url, { part: "link" }, words.check)),
    );
  }

  proof(kind, { status, method, date } = { status: "not_proven" }) {
    const { words, locale } = this;
    const isProven = status === "proven";
    const month = date && new Intl.DateTimeFormat(locale, { month: "long", year: "numeric", timeZone: "UTC" }).format(new Date(date));
    const how = isProven ? [words[method] ?? method, month].filter(Boolean).join(", ") : words[status];
    const paint = isProven ? { fill: "currentColor" } : { fill: "none", stroke: "currentColor" };
    const drawing = make("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" }, make("path", { d: GLYPHS[kind], "fill-rule": "evenodd", ...paint }));
    if (status === "expired") drawing.append(make("circle", { cx: 15, cy: 15, r: 4, fill: "var(--p)", stroke: "currentColor" }), make("path", { d: "M15 13v2l1 1", ...paint }));
    const text = `${words[kind]}: ${how}`;
    const button = make("button", { type: "button", className: status, part: `proof ${status}`, ariaLabel: text }, drawing);
    return make("li", {}, button, make("span", { "aria-hidden": "true", part: "tip" }, text));
  }
}

class Badge extends Guest {
  async show(signal) {
    try {
      const { rating, supplier, subject } = await this.fetch(`${this.feeds}/summary.json`, signal);
      const page = `${base}/s/${supplier.slug}${subject ? `/${subject.slug}` : ""}`;
      this.put(link(page, { className: "badge", part: "badge" }, ...this.score(rating, (count) => count)));
    } catch {
      // No figure is better than a wrong one: the room stays, and stays empty.
      if (!signal.aborted) this.put();
    }
  }
}

let pageToken = null;

// The purchase token of a review link, #avouch=avt_…, taken out of the address before anything else copies it.
function takeToken() {
  const found = /([#&])avouch=(avt_[a-z2-7]+)&?/.exec(location.hash);
  if (found) {
    pageToken = found[2];
    const rest = location.hash.replace(found[0], found[1]).replace(/[#&]$/, "");
    history.replaceState(history.state, "", location.pathname + location.search + rest);
  }
  return pageToken;
}

class Form extends Guest {
  static observedAttributes = ["site", "subject", "lang", "theme", "token"];

  show(signal) {
    const url = new URL(`${base}/widgets/v1/${this.site}/form`);
    const token = this.getAttribute("token") || takeToken();
    const knowsDark = getComputedStyle(this).colorScheme.includes("dark");
    const theme = this.getAttribute("theme") ?? (knowsDark ? "auto" : "light");
    for (const [name, value] of [["subject", this.getAttribute("subject")], ["lang", this.locale.slice(0, 2)], ["theme", theme]]) if (value) url.searchParams.set(name, value);
    // In the fragment, which no server and no referrer ever sees.
    if (token) url.hash = `token=${token}`;
    const frame = make("iframe", { src: url.href, title: this.words.form, part: "frame" });
    let isReady = false;
    const hello = () => frame.contentWindow?.postMessage({ avouch: 1, type: "hello" }, base);
    frame.addEventListener("load", hello, { signal });
    addEventListener(
      "message",
      (event) => {
        // From our frame, and still on our host: a frame can be led elsewhere.
        if (event.source !== frame.contentWindow || event.origin !== base || event.data?.avouch !== 1) return;
        const { type, height } = event.data;
        if (type === "height" && Number.isInteger(height) && height > 0 && height < 20000) frame.style.blockSize = `${height}px`;
        if (type === "ready") isReady = true;
        // The receipt is short, and a person has just pressed a button: the page may move up.
        if (type === "submitted") this.style.minBlockSize = 0;
        if (type === "ready" || type === "submitted") this.dispatchEvent(new CustomEvent(`avouch-${type}`, { bubbles: true, composed: true }));
      },
      { signal },
    );
    // Where the page or the site's settings keep the frame out, the form still has an address.
    const late = setTimeout(() => isReady || this.put(make("p", {}, link(url.href, { rel: "noopener noreferrer" }, this.words.form))), 12000);
    signal.addEventListener("abort", () => clearTimeout(late));
    this.put(frame);
  }
}

// A page may load the file twice.
for (const [name, element] of [["form", Form], ["reviews", Reviews], ["badge", Badge]]) if (!customElements.get(`avouch-${name}`)) customElements.define(`avouch-${name}`, element);
