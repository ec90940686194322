// Keys for work screens. Everything they do can be done without them: they press buttons and move between links.
const STORE = "avouch.keys";
const help = document.querySelectorAll("[data-keys-help]");
const likely = matchMedia("(any-pointer: fine)").matches;

function stored() {
  try { return localStorage.getItem(STORE); } catch { return null; }
}
function store(value) {
  try { localStorage.setItem(STORE, value); } catch { /* private windows may refuse; then it lasts for this page */ }
}

let on = stored() !== "off";

function showHelp() {
  for (const element of help) element.hidden = !likely;
  for (const button of document.querySelectorAll("[data-keys-toggle]")) button.textContent = on ? button.dataset.on : button.dataset.off;
}

function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.closest("input, textarea, select") !== null);
}

function move(step) {
  const links = [...document.querySelectorAll("[data-rows] [data-row]")];
  if (!links.length) return false;
  const at = links.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1);
  links[next].focus();
  links[next].scrollIntoView({ block: "nearest" });
  return true;
}

document.addEventListener("keydown", (event) => {
  if (!on || event.defaultPrevented || event.repeat && !"jk".includes(event.key)) return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
  const key = event.key.toLowerCase();
  if (key === "j" || key === "k") {
    if (move(key === "j" ? 1 : -1)) event.preventDefault();
    return;
  }
  const element = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key);
  if (element) {
    event.preventDefault();
    element.focus();
    element.click();
  }
});

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element) || !event.target.closest("[data-keys-toggle]")) return;
  on = !on;
  store(on ? "on" : "off");
  showHelp();
});

// One press, one request: the server takes a repeat for what it is, but a person need not wait for two answers.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !("once" in form.dataset)) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
});
// Coming back by the browser's history finds the page as it was left; then the form may be sent again.
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));

showHelp();
