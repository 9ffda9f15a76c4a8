// Gradio's page watches all that it is given for changes: each part that is read becomes a proxy, and each reading passes through it.
// While it puts a page together it looks through every event for each of the components, a hundred thousand readings and more. What
// the components are and what the events do never changes, and only plain arrays and objects are watched.
(() => {
  class Unwatched extends Array {} // and so is what is filtered from it: those of one page
  const configuration = window.gradio_config; // a form for a password has less of it
  for (const part of [configuration?.components, configuration?.dependencies]) {
    if (Array.isArray(part)) Object.setPrototypeOf(part, Unwatched.prototype);
  }
})();
