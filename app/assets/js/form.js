// The review form: write first, prove then, send last. Nothing typed is ever lost.
//
// What is typed goes to a draft on our server, under a secret that only this browser holds. Until the server
// has said "saved", a copy stays in this tab's own storage. No request is made with cookies.

const root = document.getElementById("review-form");
const form = document.getElementById("form");
const words = JSON.parse(root.dataset.words);
const limits = JSON.parse(root.dataset.limits);
const origins = JSON.parse(root.dataset.origins);
const required = JSON.parse(root.dataset.required);
const language = document.documentElement.lang;
// Dates as on our other pages: "22 November 2026", "14:03".
const locale = language === "en" ? "en-GB" : language;
const byId = (id) => document.getElementById(id);
const say = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "UTC" });
const month = new Intl.DateTimeFormat(locale, { month: "long", year: "numeric", timeZone: "UTC" });

const TEXTS = ["title", "text", "pros", "cons", "role", "display_name"];
const STEPS = ["write", "about", "prove"];
const STEP_FIELDS = { write: ["subject", "rating", "title", "text", "pros", "cons"], about: ["display_name", "role"], prove: [] };
const SAVE_AFTER = 700; // ms without typing
const LONGEST_PAUSE = 30_000; // ms between tries while the server is away

// ------------------------------------------------------------------ memory of this browser

/** This browser's storage of that kind; null where it is denied (a frame where third-party cookies are blocked). */
function storage(kind) {
  try {
    const real = window[kind];
    real.setItem("avouch.test", "1");
    real.removeItem("avouch.test");
    return real;
  } catch {
    return null;
  }
}

/** Where storage is denied, a cookie of this page alone, partitioned by the site around it, holds the draft's key:
 *  without it a reload would part a person from her text. It goes with requests for this very page only, and the
 *  server reads it nowhere. */
const jar = {
  getItem(key) {
    const found = document.cookie.split("; ").find((one) => one.startsWith(`${key}=`));
    return found ? decodeURIComponent(found.slice(key.length + 1)) : null;
  },
  setItem(key, value) {
    document.cookie = `${key}=${encodeURIComponent(value)}; Path=${location.pathname}; Max-Age=2592000; Secure; SameSite=None; Partitioned`;
  },
};

/** As long as the page lasts. */
const memory = {
  kept: new Map(),
  getItem: (key) => memory.kept.get(key) ?? null,
  setItem: (key, value) => void memory.kept.set(key, value),
  removeItem: (key) => void memory.kept.delete(key),
};

const lasting = storage("localStorage") ?? jar;
const tab = storage("sessionStorage") ?? memory;
const place = `${root.dataset.site}.${root.dataset.subject}`;

/** Which drafts this browser holds for this form, newest first: id, secret, and a mark of the order code used. */
const keys = {
  name: `avouch.drafts.${place}`,
  all() {
    try {
      return JSON.parse(lasting.getItem(this.name)) ?? [];
    } catch {
      return [];
    }
  },
  /** The draft to go on with. Another order's code means another review, so its draft is not taken over. */
  find(tokenMark) {
    const all = this.all();
    return tokenMark ? (all.find((one) => one.token === tokenMark) ?? all.find((one) => !one.token)) : all[0];
  },
  keep(entry) {
    const others = this.all().filter((one) => one.id !== entry.id);
    try {
      lasting.setItem(this.name, JSON.stringify([entry, ...others].slice(0, 5)));
    } catch {
      // Full: the draft lives on in this page, and on the server.
    }
  },
  forget(id) {
    lasting.setItem(this.name, JSON.stringify(this.all().filter((one) => one.id !== id)));
  },
};

/** What was typed and not yet saved; survives a reload of this tab, and goes once the server has it. */
const unsaved = {
  name: `avouch.unsaved.${place}`,
  read() {
    try {
      return JSON.parse(tab.getItem(this.name));
    } catch {
      return null;
    }
  },
  write(content) {
    try {
      tab.setItem(this.name, JSON.stringify(content));
    } catch {
      // Full: the fields themselves still hold it.
    }
  },
  clear() {
    tab.removeItem(this.name);
  },
};

/** A short mark of an order code, to tell codes apart without keeping one (FNV-1a). */
function markOf(token) {
  let hash = 0x811c9dc5;
  for (const char of token) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  return (hash >>> 0).toString(36);
}

// ------------------------------------------------------------------ the server

/** An answer that is not what was asked for. `problem` is problem+json, or empty where there was no answer. */
class Trouble extends Error {
  constructor(status, problem = {}, retryAfter = 0) {
    super(problem.title ?? "no answer");
    Object.assign(this, { status, problem, retryAfter, code: problem.code ?? "" });
  }

  get passes() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  get text() {
    if (this.status === 429) return say("busy", { seconds: this.retryAfter || 60 });
    if (this.status === 0) return say(navigator.onLine === false ? "failed_offline" : "failed");
    if (this.status >= 500) return this.problem.remedy || say("failed");
    return [this.problem.detail || this.problem.title, this.problem.remedy].filter(Boolean).join(" ");
  }
}

async function call(method, path, body, { secret, keepalive = false } = {}) {
  let answer;
  try {
    answer = await fetch(`/v/drafts${path}?lang=${language}`, {
      method,
      keepalive,
      credentials: "omit",
      cache: "no-store",
      headers: {
        Accept: "application/json",
        ...(body && { "Content-Type": "application/json" }),
        ...(secret && { Authorization: `Draft ${secret}` }),
      },
      body: body && JSON.stringify(body),
      signal: keepalive ? undefined : AbortSignal.timeout(20_000),
    });
  } catch {
    throw new Trouble(0);
  }
  let value = {};
  try {
    if (answer.status !== 204) value = await answer.json();
  } catch {
    if (answer.ok) throw new Trouble(0);
  }
  if (!answer.ok) throw new Trouble(answer.status, value, Number(answer.headers.get("Retry-After")) || 0);
  return value;
}

// ------------------------------------------------------------------ what is typed

/** Half a surrogate pair (a cut emoji) is no text, and no server takes it. */
const whole = (text) => (text.toWellFormed ? text.toWellFormed() : text);

function typed() {
  const rating = form.querySelector("[name=rating]:checked");
  const content = { rating: rating ? Number(rating.value) : null, duration: form.elements.duration.value, show_company: form.elements.show_company.checked };
  for (const name of TEXTS) content[name] = whole(form.elements[name].value);
  return content;
}

function fill(content) {
  for (const name of TEXTS) if (typeof content[name] === "string") form.elements[name].value = content[name];
  if (typeof content.show_company === "boolean") form.elements.show_company.checked = content.show_company;
  if (typeof content.duration === "string") form.elements.duration.value = content.duration;
  for (const radio of form.querySelectorAll("[name=rating]")) radio.checked = Number(radio.value) === content.rating;
  for (const name of TEXTS) note(name);
}

const chosenSubject = () => form.elements.subject?.value || root.dataset.subject || null;
const isBlank = (content) => !content.rating && TEXTS.every((name) => !content[name]);

// ------------------------------------------------------------------ the draft

/** Keeps the server's copy in step with the fields, whatever happens in between. */
const draft = {
  id: null,
  secret: null,
  version: 0,
  token: null, // mark of the order code tied to it
  dirty: false,
  sent: false,
  timer: 0,
  tries: 0,
  work: null, // the save under way

  touch() {
    if (this.sent) return;
    this.dirty = true;
    unsaved.write({ ...typed(), subject: chosenSubject() });
    show.saving("saving");
    this.later(SAVE_AFTER);
  },

  later(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save().catch(() => {}), wait);
  },

  adopt(answer) {
    Object.assign(this, { id: answer.id, secret: answer.secret ?? this.secret, version: answer.version });
    keys.keep({ id: this.id, secret: this.secret, token: this.token });
    show.discard(true);
  },

  /** Begin one on the server, if there is none yet. */
  async open(token = null) {
    if (this.id) return null;
    const answer = await call("POST", "", { site: root.dataset.site, subject: chosenSubject(), language, token });
    if (token && !answer.token_problem) this.token = markOf(token);
    this.adopt(answer);
    show.state(answer.state);
    return answer.token_problem;
  },

  /** Save what is typed, now; resolves once the server has all of it. Saves run one after the other. */
  async save() {
    clearTimeout(this.timer);
    while (this.work) await this.work.catch(() => {});
    if (!this.dirty && this.id) return;
    this.work = this.saveOnce();
    try {
      await this.work;
    } finally {
      this.work = null;
    }
    if (this.dirty) await this.save();
  },

  async saveOnce() {
    try {
      await this.open();
      this.dirty = false;
      const answer = await call("PUT", `/${this.id}`, { version: this.version, content: typed(), subject: chosenSubject() }, this);
      this.version = answer.version;
      this.tries = 0;
      if (!this.dirty) unsaved.clear();
      show.saving("saved", { time: clock.format(new Date(answer.saved_at)) });
      show.state(answer.state);
    } catch (trouble) {
      this.dirty = true;
      await this.recover(trouble);
    }
  },

  /** What to do when the server did not take a save. */
  async recover(trouble) {
    if (!(trouble instanceof Trouble)) throw trouble;
    if (trouble.passes) {
      const wait = trouble.retryAfter * 1000 || Math.min(2000 * 2 ** this.tries++, LONGEST_PAUSE);
      const why = trouble.status === 429 ? "unsaved_busy" : trouble.status ? "unsaved_server" : "unsaved_offline";
      show.saving(why, { seconds: Math.ceil(wait / 1000) }, true);
      this.later(wait);
      throw trouble;
    }
    if (trouble.code === "draft_stale") return this.compare();
    if (trouble.code === "draft_sent") return this.read();
    if ([401, 404, 410].includes(trouble.status) && this.id) {
      keys.forget(this.id);
      Object.assign(this, { id: null, secret: null, version: 0, token: null });
      await this.open();
      show.message("draft_renewed");
      return; // `dirty` is set: save() goes round once more
    }
    show.saving("unsaved_refused", { detail: trouble.text }, true);
    throw trouble;
  },

  /** The server has a newer version. Perhaps it is ours, and only its answer was lost; else a person chooses. */
  async compare() {
    const other = await call("GET", `/${this.id}`, undefined, this);
    const mine = typed();
    const same = Object.keys(mine).every((name) => (other.content[name] ?? "") === (mine[name] ?? ""));
    if (same || isBlank(other.content)) {
      this.version = other.version;
      return;
    }
    show.conflict(other);
    throw new Trouble(409, { code: "draft_stale" });
  },

  /** Load the server's copy. Text typed here and not yet saved wins over it. */
  async read() {
    const answer = await call("GET", `/${this.id}`, undefined, this);
    this.adopt(answer);
    if (answer.sent) {
      finish(answer.sent, new Date(answer.saved_at));
      return;
    }
    const mine = unsaved.read();
    if (!this.dirty) fill({ ...answer.content, ...mine });
    const subject = mine?.subject ?? answer.state.subject?.slug;
    if (subject && form.elements.subject) form.elements.subject.value = subject;
    if (mine) this.dirty = true;
    if (!isBlank(answer.content) || mine) show.message("restored");
    show.saving("saved", { time: clock.format(new Date(answer.saved_at)) });
    show.state(answer.state);
    if (this.dirty) this.later(0);
  },

  /** The page goes away: hand over what is left, without waiting. The tab's copy stays until it is known to be saved. */
  flush() {
    if (this.dirty && this.id && !this.sent) {
      call("PUT", `/${this.id}`, { version: this.version, content: typed(), subject: chosenSubject() }, { secret: this.secret, keepalive: true }).catch(() => {});
    }
  },

  /** Ask for something that needs the draft to be saved first. */
  async ask(method, path, body) {
    if (!this.id || this.dirty) await this.save();
    return call(method, `/${this.id}${path}`, body, this);
  },
};

// ------------------------------------------------------------------ showing

let lastState = null;

const show = {
  announce(text) {
    // Emptied first, so that the same sentence twice is said twice.
    byId("announce").textContent = "";
    requestAnimationFrame(() => (byId("announce").textContent = text));
  },

  saving(key, values = {}, isUnsaved = false) {
    const line = byId("save-state");
    const text = say(key, values);
    if (isUnsaved && line.textContent !== text) this.announce(text);
    line.textContent = text;
    line.classList.toggle("is-unsaved", isUnsaved);
  },

  message(key, values = {}) {
    this.words(say(key, values));
  },

  words(text, focus = false) {
    const box = byId("message");
    box.textContent = text;
    box.hidden = !text;
    if (text) this.announce(text);
    if (text && focus) box.focus();
  },

  discard(on) {
    form.ownerDocument.querySelector("[data-do=discard]").hidden = !on;
  },

  conflict(other) {
    const box = byId("conflict");
    box.hidden = false;
    box.focus();
    box.other = other;
  },

  /** The three proofs, the purchase, and what is missing. Ticks are announced, once each. */
  state(state) {
    const before = lastState;
    lastState = state;
    for (const [kind, proof] of Object.entries(state.proofs)) {
      const row = root.querySelector(`[data-proof=${kind}]`);
      const wasProven = before?.proofs[kind].status === "proven";
      const isProven = proof.status === "proven";
      row.classList.toggle("proof-proven", isProven);
      row.classList.toggle("proof-not_proven", !isProven);
      const text = isProven ? say(`proof_${kind}_on`, { method: methodWords(proof), date: monthOf(proof.date) }) : say(proof.status === "expired" ? "proof_expired" : "proof_off");
      row.querySelector(`[data-state=${kind}]`).textContent = text;
      row.querySelector(`[data-actions=${kind}]`).hidden = isProven;
      if (isProven && !wasProven) this.announce(text);
    }
    if (state.subject) {
      const title = byId("form-title");
      title.textContent = title.dataset.reviewOf.replace("{subject}", state.subject.name);
    }
    this.purchase(state.purchase);
    const missing = state.missing.map((kind) => words[`missing_${kind}`]);
    root.querySelector("[data-missing]").textContent = missing.length ? say("missing", { what: list(missing) }) : say("nothing_missing");
    // The main act of this step is proving, then sending.
    root.querySelector("[data-do=send]").classList.toggle("button-secondary", missing.length > 0);
    proving.follow(state.waiting);
  },

  purchase(purchase) {
    const line = root.querySelector("[data-purchase]");
    line.hidden = !purchase;
    if (byId("subject-field")) byId("subject-field").hidden = Boolean(purchase);
    if (!purchase) return;
    line.textContent = say("purchase_found", { reference: purchase.reference_hint, date: day.format(new Date(purchase.date)), buyer: purchase.buyer, subject: purchase.subject });
    root.querySelector("[data-actions=purchase]").hidden = true;
  },

  tokenProblem(problem) {
    const line = root.querySelector("[data-token-problem]");
    line.hidden = !problem;
    line.textContent = problem ? [problem.detail || problem.title, problem.remedy].filter(Boolean).join(" ") : "";
  },
};

const list = (parts) => new Intl.ListFormat(language, { type: "conjunction" }).format(parts);
const monthOf = (date) => (date ? month.format(new Date(`${date}T00:00:00Z`)) : "");
const methodWords = (proof) => words[`method_${proof.method}`] ?? proof.issuer ?? proof.method;

// ------------------------------------------------------------------ steps and errors

function go(step, { focus = true } = {}) {
  for (const section of root.querySelectorAll("[data-step]")) section.hidden = section.dataset.step !== step;
  for (const mark of root.querySelectorAll("[data-step-mark]")) {
    const at = STEPS.indexOf(mark.dataset.stepMark) - STEPS.indexOf(step);
    mark.classList.toggle("is-done", at < 0);
    if (at === 0) mark.setAttribute("aria-current", "step");
    else mark.removeAttribute("aria-current");
  }
  if (focus) byId(`s-${step}`).focus();
  if (step === "prove" && !draft.id) draft.save().catch(() => {});
}

const currentStep = () => STEPS.find((step) => !root.querySelector(`[data-step=${step}]`).hidden);
/** Characters as the server counts them: code points, not UTF-16 halves. */
const lengthOf = (text) => [...text.trim()].length;

/** What is wrong with a field, in words; empty where nothing is. */
function faultOf(name) {
  if (name === "subject") return !form.elements.subject || chosenSubject() || lastState?.subject ? "" : say("subject_missing");
  if (name === "rating") return form.querySelector("[name=rating]:checked") ? "" : say("rating_missing");
  const { min, max } = limits[name];
  const length = lengthOf(form.elements[name].value);
  if (length > max) return say("too_long", { over: length - max });
  if (length < min) return say({ title: "title_short", text: "text_short", display_name: "name_short" }[name], { min });
  return "";
}

function mark(name, fault) {
  const field = root.querySelector(`[data-field=${name}]`);
  const line = byId(`e-${name}`);
  if (!field || !line) return;
  line.textContent = fault;
  line.hidden = !fault;
  field.classList.toggle("field-wrong", Boolean(fault));
  for (const control of field.querySelectorAll("input, textarea, select")) {
    if (fault) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  }
}

/** The summary on top: takes focus, and each line leads to its field. `faults` is [[name, words], …]. */
function summarise(faults) {
  const box = byId("error-summary");
  const lines = faults.map(([name, fault]) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = `#f-${name}`;
    link.textContent = fault;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const step = STEPS.find((one) => STEP_FIELDS[one].includes(name));
      if (step && step !== currentStep()) go(step, { focus: false });
      const control = byId(`f-${name}`);
      control?.closest("details")?.setAttribute("open", "");
      control?.focus();
    });
    item.append(byId(`f-${name}`) ? link : document.createTextNode(fault));
    return item;
  });
  box.querySelector("ul").replaceChildren(...lines);
  box.hidden = !faults.length;
  if (faults.length) {
    box.focus();
    frame.reveal(box);
  }
}

function check(names) {
  const faults = names.map((name) => [name, faultOf(name)]).filter(([, fault]) => fault);
  for (const name of names) mark(name, faultOf(name));
  summarise(faults);
  return faults;
}

/** Under a field: how much is still needed, or that it is right. */
function note(name) {
  const line = root.querySelector(`[data-note=${name}]`);
  const { min, max } = limits[name];
  const length = lengthOf(form.elements[name].value);
  const isRight = min > 0 && length >= min && length <= max;
  root.querySelector(`[data-field=${name}]`).classList.toggle("field-right", isRight);
  if (length > max) line.textContent = say("too_long", { over: length - max });
  else if (isRight) line.textContent = say("right");
  else line.textContent = min > 3 && length ? say("left", { left: min - length }) : "";
}

// ------------------------------------------------------------------ proving

/** Follows a pop-up or a mailed link by asking the server: a frame can be told anything, the server knows. */
const proving = {
  timer: 0,
  pause: 0,
  until: 0,
  popUp: null,

  async signIn(button) {
    // Opened at once, inside the click, or browsers would hold it back; its address follows.
    const popUp = window.open("", "avouch-proof", "popup,width=520,height=720");
    const box = root.querySelector("[data-pop-up]");
    const link = root.querySelector("[data-pop-up-link]");
    box.hidden = link.hidden = true;
    try {
      await busy(button, async () => {
        const ticket = await draft.ask("POST", "/ticket", {});
        this.popUp = popUp;
        if (popUp) popUp.location.replace(ticket.url);
        else link.href = ticket.url;
        link.hidden = Boolean(popUp);
        box.hidden = false;
        root.querySelector("[data-pop-up-text]").textContent = say(popUp ? "pop_up_open" : "pop_up_blocked");
        if (!popUp) link.focus();
        this.watch(Date.parse(ticket.expires_at) + 10 * 60_000);
      });
    } catch (trouble) {
      popUp?.close();
      throw trouble;
    }
  },

  async mailLink(button) {
    const email = byId("f-email").value.trim();
    if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) {
      mark("email", say("email_invalid"));
      byId("f-email").focus();
      return;
    }
    mark("email", "");
    await busy(button, async () => {
      const answer = await draft.ask("POST", "/mailed-link", { email });
      this.showMatch(answer.match_number, email);
      this.watch(Date.parse(answer.expires_at));
    });
  },

  showMatch(number, email) {
    root.querySelector("[data-match]").hidden = false;
    const text = say("mail_sent", { email: email ?? "…" });
    root.querySelector("[data-match-text]").textContent = text;
    root.querySelector("[data-match-number]").textContent = number;
    show.announce(`${text} ${number}`);
  },

  async giveToken(button) {
    const token = byId("f-token").value.trim();
    if (!token) {
      mark("token", say("token_empty"));
      byId("f-token").focus();
      return;
    }
    mark("token", "");
    await busy(button, () => this.tie(token));
  },

  async tie(token) {
    try {
      const answer = await draft.ask("POST", "/token", { token });
      draft.token = token && markOf(token);
      draft.version = answer.version;
      keys.keep({ id: draft.id, secret: draft.secret, token: draft.token });
      show.tokenProblem(null);
      root.querySelector("[data-drop-token]").hidden = true;
      root.querySelector("[data-actions=purchase]").hidden = false;
      show.state(answer.state);
    } catch (trouble) {
      if (!(trouble instanceof Trouble) || trouble.passes) throw trouble;
      show.tokenProblem(trouble.problem);
      show.announce(trouble.text);
    }
  },

  watch(until) {
    this.until = Math.max(this.until, until || 0);
    this.pause = 1500;
    this.again();
  },

  again() {
    clearTimeout(this.timer);
    // A hidden page asks nothing; it looks again the moment it is seen.
    if (document.hidden || draft.sent || Date.now() > this.until) return;
    this.timer = setTimeout(() => this.look(), this.pause);
    this.pause = Math.min(this.pause * 1.3, 10_000);
  },

  async look() {
    clearTimeout(this.timer);
    if (!draft.id || draft.sent || Date.now() > this.until) return;
    try {
      const answer = await call("GET", `/${draft.id}`, undefined, draft);
      if (answer.sent) finish(answer.sent, new Date(answer.saved_at));
      else show.state(answer.state);
    } catch {
      // Asked again below.
    }
    this.again();
  },

  /** What the server says of the pop-up or mailed link under way. */
  follow(waiting) {
    const author = lastState.proofs.author.status === "proven";
    if (author) {
      this.until = 0;
      root.querySelector("[data-pop-up]").hidden = true;
      root.querySelector("[data-match]").hidden = true;
      return;
    }
    if (waiting?.kind === "mail") {
      if (!waiting.outcome && waiting.match_number != null && root.querySelector("[data-match]").hidden) this.showMatch(waiting.match_number);
      if (!waiting.outcome && !this.until) this.watch(Date.now() + 10 * 60_000);
      if (waiting.outcome && waiting.outcome !== "proven") this.ended("mail_failed");
    }
    if (waiting?.kind === "popup" && waiting.outcome && waiting.outcome !== "proven") this.ended("pop_up_cancelled");
  },

  ended(key) {
    if (!this.until) return;
    this.until = 0;
    root.querySelector("[data-match]").hidden = true;
    const box = root.querySelector("[data-pop-up]");
    root.querySelector("[data-pop-up-text]").textContent = say(key);
    root.querySelector("[data-pop-up-link]").hidden = true;
    box.hidden = false;
    show.announce(say(key));
  },
};

/** Run an act of a button once at a time; say what went wrong beside it, and give the button back. */
async function busy(button, act) {
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  show.words("");
  try {
    await act();
  } catch (trouble) {
    if (!(trouble instanceof Trouble)) throw trouble;
    if (trouble.code !== "draft_stale") refuse(trouble);
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

/** Show a refusal where it belongs: beside its field, or above all. */
function refuse(trouble) {
  const faults = (trouble.problem.errors ?? []).map(({ pointer, detail }) => [String(pointer ?? "").split("/").pop(), detail]);
  const known = faults.filter(([name]) => byId(`e-${name}`));
  for (const [name, fault] of known) mark(name, fault);
  if (known.length) {
    const step = STEPS.find((one) => STEP_FIELDS[one].includes(known[0][0]));
    if (step && step !== currentStep()) go(step, { focus: false });
    summarise(known);
    return;
  }
  if (trouble.code.startsWith("token_")) {
    show.tokenProblem(trouble.problem);
    root.querySelector("[data-drop-token]").hidden = false;
  }
  show.words(trouble.text, true);
  frame.reveal(byId("message"));
}

// ------------------------------------------------------------------ sending

async function send(button) {
  for (const step of STEPS) {
    const faults = STEP_FIELDS[step].map((name) => [name, faultOf(name)]).filter(([, fault]) => fault);
    if (!faults.length) continue;
    go(step, { focus: false });
    check(STEP_FIELDS[step]);
    return;
  }
  const missing = lastState?.missing ?? required;
  summarise(missing.map((kind) => [kind, say("missing", { what: words[`missing_${kind}`] })]));
  if (missing.length) return;
  await busy(button, async () => {
    const label = button.textContent;
    button.textContent = say("sending");
    try {
      await draft.save();
      const answer = await call("POST", `/${draft.id}/submit`, { version: draft.version, content: typed() }, draft);
      finish(answer, new Date());
    } catch (trouble) {
      if (trouble.code !== "draft_stale") throw trouble;
      await draft.compare();
      await send(button);
    } finally {
      button.textContent = label;
    }
  });
}

function finish(links, at) {
  draft.sent = true;
  draft.dirty = false;
  clearTimeout(draft.timer);
  clearTimeout(proving.timer);
  unsaved.clear();
  form.hidden = true;
  for (const id of ["conflict", "message", "error-summary"]) byId(id).hidden = true;
  root.querySelector(".steps").hidden = true;
  byId("save-state").textContent = "";
  show.discard(false);
  const receipt = byId("receipt");
  receipt.querySelector("[data-received]").textContent = say("received_at", { time: new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "short" }).format(at) });
  receipt.querySelector("[data-follow]").href = links.follow_url;
  receipt.querySelector("[data-receipt]").href = links.receipt_url;
  receipt.hidden = false;
  byId("s-receipt").focus();
  // A reload shows the receipt once more for as long as this tab lives; the next visit begins afresh.
  keys.forget(draft.id);
  try {
    tab.setItem(`avouch.sent.${place}`, JSON.stringify({ links: { follow_url: links.follow_url, receipt_url: links.receipt_url }, at: at.getTime() }));
  } catch {
    // The links are in the mail, too.
  }
  frame.tell({ type: "submitted" });
  frame.reveal(receipt);
}

// ------------------------------------------------------------------ the page around the frame

/** Talks to the page that embeds us, once it has shown itself to be one of the site's. Only height, ready and
 *  submitted ever cross; never a token, a name or a word of the review. */
const frame = {
  parent: null,

  listen() {
    if (window.parent === window) return;
    addEventListener("message", (event) => {
      if (event.source !== window.parent || !origins.includes(event.origin)) return;
      if (event.data?.avouch !== 1 || event.data.type !== "hello" || this.parent) return;
      this.parent = event.origin;
      this.tell({ type: "ready" });
      new ResizeObserver(() => this.height()).observe(document.body);
      this.height();
    });
  },

  height() {
    this.tell({ type: "height", height: Math.ceil(document.documentElement.getBoundingClientRect().height) });
  },

  tell(message) {
    if (this.parent) window.parent.postMessage({ avouch: 1, ...message }, this.parent);
  },

  reveal(element) {
    element.scrollIntoView({ block: "nearest" });
  },
};

// ------------------------------------------------------------------ begin

const acts = {
  "sign-in": (button) => proving.signIn(button),
  "mail-link": (button) => proving.mailLink(button),
  "give-token": (button) => proving.giveToken(button),
  "drop-token": (button) => busy(button, () => proving.tie(null)),
  "keep-mine": () => {
    const box = byId("conflict");
    box.hidden = true;
    draft.version = box.other.version;
    draft.dirty = true;
    draft.save().catch(() => {});
    byId(`s-${currentStep()}`).focus();
  },
  "take-other": () => {
    const box = byId("conflict");
    box.hidden = true;
    draft.version = box.other.version;
    draft.dirty = false;
    unsaved.clear();
    fill(box.other.content);
    show.state(box.other.state);
    show.saving("saved", { time: clock.format(new Date(box.other.saved_at)) });
    byId(`s-${currentStep()}`).focus();
  },
  another: () => {
    tab.removeItem(`avouch.sent.${place}`);
    location.reload();
  },
  discard: (button) =>
    busy(button, async () => {
      clearTimeout(draft.timer);
      await call("DELETE", `/${draft.id}`, undefined, draft);
      keys.forget(draft.id);
      unsaved.clear();
      Object.assign(draft, { id: null, secret: null, version: 0, token: null, dirty: false });
      form.reset();
      for (const name of TEXTS) note(name);
      show.discard(false);
      byId("save-state").textContent = "";
      lastState = null;
      go("write");
      show.message("discarded");
    }),
};

root.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.go) {
    const forward = STEPS.indexOf(button.dataset.go) > STEPS.indexOf(currentStep());
    if (forward && check(STEP_FIELDS[currentStep()]).length) return;
    summarise([]);
    go(button.dataset.go);
  } else if (button.dataset.do && button.type !== "submit") {
    acts[button.dataset.do](button);
  }
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  // Enter in a line of an early step means "on", not "send".
  const step = currentStep();
  if (step !== "prove") root.querySelector(`[data-step=${step}] .actions button`).click();
  else if (event.submitter?.dataset.do === "send" && document.activeElement?.tagName !== "INPUT") send(event.submitter);
});

// Enter in the address or code field means the button below it.
for (const [field, act] of [["f-email", "mail-link"], ["f-token", "give-token"]]) {
  byId(field).addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    root.querySelector(`[data-do=${act}]`).click();
  });
}

form.addEventListener("input", (event) => {
  const { name } = event.target;
  if (!name) return;
  if (TEXTS.includes(name)) note(name);
  if (byId(`e-${name}`) && !byId(`e-${name}`).hidden && !faultOf(name)) mark(name, "");
  draft.touch();
});

form.addEventListener("focusout", (event) => {
  const { name } = event.target;
  if (limits[name]?.min && event.target.value && !faultOf(name)) show.announce(`${event.target.labels[0].textContent}: ${say("right")}`);
});

addEventListener("pagehide", () => draft.flush());
addEventListener("beforeunload", (event) => {
  // What is neither on the server nor in this tab's storage would be lost: the browser asks first.
  if (draft.dirty && tab === memory) event.preventDefault();
});
addEventListener("online", () => draft.dirty && draft.later(0));
addEventListener("focus", () => proving.look());
document.addEventListener("visibilitychange", () => (document.hidden ? draft.flush() : proving.look()));
addEventListener("message", (event) => {
  // Our own window saying "look again". It is a hint and no more: what counts is what the server says.
  if (event.origin === location.origin && event.source && event.source === proving.popUp) proving.look();
});

async function begin() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  // Out of the address at once: addresses are copied, logged and kept in histories.
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  const known = keys.find(token && markOf(token));
  const sent = tab.getItem(`avouch.sent.${place}`);
  if (sent && !known && !token) {
    const { links, at } = JSON.parse(sent);
    finish(links, new Date(at));
    return;
  }
  try {
    if (known) {
      Object.assign(draft, known);
      await draft.read();
    } else {
      const mine = unsaved.read();
      if (mine) {
        fill(mine);
        if (mine.subject && form.elements.subject) form.elements.subject.value = mine.subject;
        show.message("restored");
        draft.dirty = true;
      }
      if (token) show.tokenProblem(await draft.open(token));
      if (draft.dirty) draft.later(0);
      return;
    }
    if (token && draft.token !== markOf(token)) await proving.tie(token);
  } catch (trouble) {
    if (!(trouble instanceof Trouble)) throw trouble;
    await begun(trouble, token);
  }
}

/** The server could not be asked at the start. What this tab kept is shown, and the rest is tried again. */
async function begun(trouble, token) {
  const mine = unsaved.read();
  if (mine) fill(mine);
  if ([401, 404, 410].includes(trouble.status) && draft.id) {
    keys.forget(draft.id);
    Object.assign(draft, { id: null, secret: null, version: 0, token: null });
    if (mine) draft.touch();
    if (token) show.tokenProblem(await draft.open(token).catch(() => null));
    return;
  }
  show.saving(trouble.status ? "unsaved_server" : "unsaved_offline", {}, true);
  setTimeout(() => (draft.dirty ? draft.later(0) : retry(token)), 4000);
}

function retry(token) {
  if (token) location.hash = `token=${token}`;
  begin();
}

frame.listen();
begin();
