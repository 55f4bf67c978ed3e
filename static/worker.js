// Starts the module that the page runs in a worker: the page compiled it and posts it here, so there is no second
// download and no other version.
globalThis.onmessage = async ({ data }) => {
  globalThis.onmessage = null;
  const glue = await import(data.js);
  await glue.default({ module_or_path: data.module });
};
