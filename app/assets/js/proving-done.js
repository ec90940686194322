// The end of the proving window: hint to the form that opened it, then close. The form believes only the server,
// so the hint says nothing but "look again", and only to a page of our own origin. Where a provider's page has cut
// the tie to the opener, or the browser forbids closing, the words on the page remain and the form polls.
if (window.opener && !window.opener.closed) {
  window.opener.postMessage({ avouch: 1, type: "look" }, location.origin);
  window.close();
}
