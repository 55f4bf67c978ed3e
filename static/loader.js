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
// A message with a way on, in place of what does not work.
const tell = (id, text, button, name) => {
  const say = document.createElement("p");
  say.setAttribute("role", "alert");
  say.textContent = text;
  const again = document.createElement("button");
  again.textContent = button;
  again.onclick = () => location.reload();
  const box = document.createElement(name === "wait" ? "main" : "div");
  box.className = name;
  box.id = id;
  box.append(say, again);
  document.body.append(box);
};
// A program that has trapped does nothing any more. It has written down what was wrong, unless memory was: see worker.js.
const stopped = ({ error, reason = error }) => {
  const traps = reason instanceof WebAssembly.RuntimeError || /allocat/i.test(reason?.message);
  if (!traps || document.getElementById("stopped")) return;
  const panic = globalThis.__snapstackPanic;
  const text =
    panic === undefined || /capacity overflow/.test(panic)
      ? "This page needs more memory than the browser gives it: a run with fewer events needs less, and the command line has " +
        "no such limit. The moment comes back when the page is loaded again."
      : `An error has stopped this page: ${panic} The moment comes back when the page is loaded again.`;
  tell("stopped", text, "Reload", "notice problem sheet-like");
};
addEventListener("error", stopped);
addEventListener("unhandledrejection", stopped);
const js = at("js");
try {
  const [glue, module] = await Promise.all([import(js), WebAssembly.compileStreaming(fetch(at("wasm")))]);
  globalThis.__snapstack = { js, module };
  await glue.default({ module_or_path: module });
} catch (error) {
  const old = typeof WebAssembly === "undefined" || error instanceof WebAssembly.CompileError;
  const text = old
    ? "This browser cannot run Snapstack: use a current Chrome, Firefox or Safari."
    : "Snapstack could not be loaded. Is there a connection?";
  tell("unloaded", text, "Try again", "wait");
  console.error(error);
}
