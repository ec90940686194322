// The words somebody selects in a review become the passage of the refusal. They wait in this tab only.
const STORE = "avouch.passage";
const words = document.querySelector("[data-words]");
const passage = document.querySelector("textarea[name=passage]");
const carry = document.querySelector("[data-carry-selection]");

function selected() {
  const selection = getSelection();
  if (!words || !selection || selection.isCollapsed || !selection.rangeCount) return "";
  return words.contains(selection.getRangeAt(0).commonAncestorContainer) ? selection.toString().trim() : "";
}

if (carry) {
  // The selection is gone by the time a click is heard in some browsers, so it is noted as it changes.
  let last = "";
  document.addEventListener("selectionchange", () => { last = selected() || last; });
  carry.addEventListener("click", () => {
    try {
      if (last) sessionStorage.setItem(STORE, last);
      else sessionStorage.removeItem(STORE);
    } catch { /* without storage the words are selected again on the next page */ }
  });
}

if (passage) {
  try {
    const carried = sessionStorage.getItem(STORE);
    // After an error the form comes back with what was typed, which is newer than what was carried.
    if (carried && !document.querySelector(".error-summary")) passage.value = carried;
    sessionStorage.removeItem(STORE);
  } catch { /* as above */ }
  document.addEventListener("selectionchange", () => {
    const text = selected();
    if (text) passage.value = text;
  });
}
