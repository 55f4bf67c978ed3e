// Starts the module that the page runs in a worker: the page compiled it and posts it here, so there is no second
// download and no other version. How the worker ends, should it, is told as one message: what the page would be told by itself
// does not say whether memory was the reason.
const ended = (error, memory) => {
  const panic = globalThis.__snapstackPanic;
  const text = String(panic ?? error?.message ?? error);
  // What Rust finds wrong by itself it writes down before it traps; an allocation that fails just traps. Where the browser has
  // no memory, it throws.
  const trap = panic === undefined && error instanceof WebAssembly.RuntimeError && /unreachable/i.test(text);
  const thrown = /capacity overflow|out of memory|allocat/i.test(text);
  const bytes = trap || thrown ? (memory?.buffer.byteLength ?? 0) : undefined;
  globalThis.postMessage({ body: { ended: { memory: bytes, detail: text } }, arrays: [] });
};
globalThis.onmessage = async ({ data }) => {
  globalThis.onmessage = null;
  let memory;
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    ended(event.error ?? event.message, memory);
  });
  try {
    const glue = await import(data.js);
    ({ memory } = await glue.default({ module_or_path: data.module }));
  } catch (error) {
    ended(error, memory);
  }
};
