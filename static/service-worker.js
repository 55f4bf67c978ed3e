// Keeps the page's files, so that it works without a network after the first visit. The build writes two lines before
// this: VERSION, which changes with any byte of any file, and FILES, from path to SHA-256 in hex.

const PREFIX = "snapstack-";
const NAME = PREFIX + VERSION;
const at = (path) => new URL(path, self.registration.scope).href;

// The server's answer counts only if it is the file that was built: a half-updated host leaves the old build in place.
const integrity = (hex) => "sha256-" + btoa(String.fromCharCode(...hex.match(/../g).map((byte) => parseInt(byte, 16))));

async function install() {
  const cache = await caches.open(NAME);
  await Promise.all(
    Object.entries(FILES).map(async ([path, hash]) => {
      const response = await fetch(at(path), { cache: "no-cache", integrity: integrity(hash) });
      if (!response.ok) throw new Error(`${path}: ${response.status}`);
      await cache.put(at(path), response);
    }),
  );
}

async function clean() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== NAME).map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function answer(request) {
  const url = new URL(request.url);
  url.search = "";
  url.hash = "";
  if (url.href === self.registration.scope) url.pathname += "index.html";
  const cache = await caches.open(NAME);
  return (await cache.match(url.href)) ?? fetch(request);
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(clean()));
self.addEventListener("fetch", (event) => {
  const own = event.request.url.startsWith(self.registration.scope);
  if (own && event.request.method === "GET") event.respondWith(answer(event.request));
});
// The page says so once its user wants the newer build: until then the one that is running stays whole.
self.addEventListener("message", (event) => {
  if (event.data === "take over") self.skipWaiting();
});
