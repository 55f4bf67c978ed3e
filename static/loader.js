// Compiles the module once, for the page and its worker, and starts the page.
const here = document.querySelector("script[data-js]");
const at = (name) => new URL(here.dataset[name], document.baseURI).href;
const js = at("js");
const [glue, module] = await Promise.all([import(js), WebAssembly.compileStreaming(fetch(at("wasm")))]);
globalThis.__snapstack = { js, module };
await glue.default({ module_or_path: module });
