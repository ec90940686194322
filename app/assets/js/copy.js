// "Copy" buttons: <button data-copy="id of what is copied" data-copied="Copied" hidden>. Shown only where copying works.
for (const button of document.querySelectorAll("[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  if (!source || !navigator.clipboard) continue;
  const label = button.textContent;
  let waiting;
  button.hidden = false;
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
    } catch {
      getSelection().selectAllChildren(source); // refused: chosen, so that Ctrl+C works
      return;
    }
    button.textContent = button.dataset.copied;
    clearTimeout(waiting);
    waiting = setTimeout(() => (button.textContent = label), 2000);
  });
}
