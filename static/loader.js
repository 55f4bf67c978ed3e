// Compiles the module once, for the page and its worker, and starts the page; the annex and the worker that runs everything
// come when the page wants them.
const here = document.querySelector("script[data-js]");
const at = (name, end = "") => new URL(here.dataset[name] + end, document.baseURI).href;
let tries = 0;
globalThis.__snapstackAnnex = async () => {
  // An address whose script could not be fetched may not be asked for again, so each try has another one.
  const again = tries++ ? `?try=${tries}` : "";
  const glue = await import(at("annex", ".js" + again));
  await glue.default({ module_or_path: at("annex", "_bg.wasm") });
  return glue;
};
let hosts;
globalThis.__snapstackHosts = () => {
  hosts ??= WebAssembly.compileStreaming(fetch(at("hosts", "_bg.wasm"))).then(
    (module) => ({ js: at("hosts", ".js"), module }),
    (error) => {
      hosts = undefined;
      throw error;
    },
  );
  return hosts;
};
const js = at("js");
try {
  const [glue, module] = await Promise.all([import(js), WebAssembly.compileStreaming(fetch(at("wasm")))]);
  globalThis.__snapstack = { js, module };
  await glue.default({ module_or_path: module });
} catch (error) {
  const old = typeof WebAssembly === "undefined" || error instanceof WebAssembly.CompileError;
  const text = document.createElement("p");
  text.setAttribute("role", "alert");
  text.textContent = old
    ? "This browser cannot run Snapstack: use a current Chrome, Firefox or Safari."
    : "Snapstack could not be loaded. Is there a connection?";
  const again = document.createElement("button");
  again.textContent = "Try again";
  again.onclick = () => location.reload();
  const main = document.createElement("main");
  main.className = "wait";
  main.id = "unloaded";
  main.append(text, again);
  document.body.append(main);
  console.error(error);
}
