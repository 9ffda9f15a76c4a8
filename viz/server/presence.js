// The tabs of a browser share the few connections that it opens to one host. Gradio would hold one for each tab as
// long as it is open; here it says now and then that it is there. And of the streams on which answers come, which are
// held while anything is written, so few are open at once that presses of every tab get through.
(() => {
  const HEARTBEAT = /\/heartbeat\/([^/?]+)/;
  const ANSWERS = /\/queue\/data\?/;
  const SHARED = ["gpt-inside-out-0", "gpt-inside-out-1", "gpt-inside-out-2"]; // streams of all tabs together
  const SEEN = "gpt-inside-out-3"; // one more, for a tab that is looked at
  const ask = window.fetch.bind(window);

  function beThere(heartbeat, signal) {
    const here = new URL(heartbeat);
    here.pathname = here.pathname.replace("/heartbeat/", "/presence/");
    const gone = new URL(here);
    gone.pathname += "/gone";
    let word = new AbortController();
    let timer = 0;
    const say = () => ask(here, { method: "POST", signal: word.signal, cache: "no-store" }).catch(() => {});
    const come = () => {
      clearInterval(timer);
      word = new AbortController();
      timer = setInterval(say, words.every);
      say();
    };
    const go = () => {
      clearInterval(timer);
      word.abort(); // or it might be heard after this
      navigator.sendBeacon(gone);
    };
    const back = ({ persisted }) => persisted && come();
    addEventListener("pagehide", go);
    addEventListener("pageshow", back);
    addEventListener("online", say);
    document.addEventListener("visibilitychange", () => document.hidden || !timer || say());
    come();
    return new ReadableStream({
      start(stream) {
        signal?.addEventListener("abort", () => {
          removeEventListener("pagehide", go);
          removeEventListener("pageshow", back);
          go();
          stream.error(signal.reason);
        });
      },
    });
  }

  // Wait for one of the places and return what gives it up.
  function place(signal) {
    return new Promise((resolve, reject) => {
      const others = new AbortController();
      let taken = false;
      const wait = (name) =>
        navigator.locks
          .request(name, { signal: others.signal }, () => {
            if (taken) return undefined;
            taken = true;
            others.abort();
            document.removeEventListener("visibilitychange", seen);
            return new Promise(resolve);
          })
          // Another one was free; or there are no locks, as in a frame without an origin.
          .catch((error) => error?.name === "AbortError" || resolve(() => {}));
      const seen = () => document.hidden || wait(SEEN);
      signal?.addEventListener("abort", () => {
        others.abort();
        document.removeEventListener("visibilitychange", seen);
        reject(signal.reason);
      });
      document.addEventListener("visibilitychange", seen);
      SHARED.forEach(wait);
      seen();
    });
  }

  // The answer as it comes, and word of its end.
  function followed(answer, ended) {
    if (!answer.body) return ended(), answer;
    const reader = answer.body.getReader();
    const body = new ReadableStream({
      async pull(stream) {
        try {
          const { done, value } = await reader.read();
          if (!done) return stream.enqueue(value);
          ended();
          stream.close();
        } catch (error) {
          ended();
          stream.error(error);
        }
      },
      cancel(reason) {
        ended();
        return reader.cancel(reason);
      },
    });
    return new Response(body, { status: answer.status, statusText: answer.statusText, headers: answer.headers });
  }

  async function answers(input, options) {
    const free = await place(options?.signal);
    try {
      return followed(await ask(input, options), free);
    } catch (error) {
      free();
      throw error;
    }
  }

  window.fetch = (input, options) => {
    const url = String(input?.url ?? input);
    if (HEARTBEAT.test(url)) {
      const headers = { "Content-Type": "text/event-stream" };
      return Promise.resolve(new Response(beThere(url, options?.signal), { headers }));
    }
    // Locks are for pages that came by HTTPS, or from this machine.
    return ANSWERS.test(url) && navigator.locks ? answers(input, options) : ask(input, options);
  };
})();
