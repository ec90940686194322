// Times in the reader's own zone. The server's text stays where a browser cannot do better.
const page = document.documentElement.lang || "en";
// The reader's own kind of the page's language: British or American dates, but never another language.
const lang = navigator.languages.find((one) => one.split("-")[0] === page) || page;
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];
const LONG = 30 * 86400;

const exact = new Intl.DateTimeFormat(lang, { dateStyle: "long", timeStyle: "short" });
const exactWithZone = new Intl.DateTimeFormat(lang, {
  day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
});
const day = new Intl.DateTimeFormat(lang, { dateStyle: "long" });
const relative = new Intl.RelativeTimeFormat(lang, { numeric: "always" });

function ago(moment, justNow) {
  const seconds = (moment - Date.now()) / 1000;
  if (Math.abs(seconds) > LONG) return day.format(moment);
  for (const [unit, length] of UNITS) {
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  }
  return justNow;
}

function show(time) {
  if (!time.dateTime.includes("T")) return; // a date is the same day in every zone
  const moment = new Date(time.dateTime);
  if (Number.isNaN(moment.getTime())) return;
  if ("relative" in time.dataset) {
    // Under a minute the server's own words stand, because only the catalogue knows how to say "just now".
    time.textContent = ago(moment, time.textContent);
    time.title = exactWithZone.format(moment);
  } else if ("day" in time.dataset) {
    time.textContent = day.format(moment);
    time.title = exactWithZone.format(moment);
  } else if ("exact" in time.dataset) {
    time.textContent = exact.format(moment);
    time.title = exactWithZone.format(moment);
  }
}

function showAll(root) {
  root.querySelectorAll("time[datetime]").forEach(show);
}

showAll(document);
document.addEventListener("htmx:load", (event) => showAll(event.target));
setInterval(() => document.querySelectorAll("time[data-relative]").forEach(show), 60000);
