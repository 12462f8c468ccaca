// Drop, paste or pick covers; the answers come into the page. Without this file the form is sent
// as it is, and the answers are a page.

const form = document.querySelector("form.try");
const picker = form.querySelector("input[type=file]");
const chosen = form.querySelector(".chosen");
const status = form.querySelector(".status");
const results = document.querySelector("#results");
const most = Number(form.dataset.most);
const largest = Number(form.dataset.largest);

let covers = []; // {file, address}
let asking = null; // what stops the request that is under way

function say(sentence, { isProblem = false, isSeen = true } = {}) {
  status.textContent = sentence;
  status.classList.toggle("problem", isProblem);
  status.classList.toggle("unseen", !isSeen); // what stands beside it is read out all the same
}

function add(files) {
  const problems = [];
  for (const file of files) {
    if (file.size > largest) {
      problems.push(`${file.name} is too large: expected at most 25 MB.`);
    } else if (covers.length >= most) {
      problems.push(`Expected at most ${most} covers at once; ${file.name} is left out.`);
    } else {
      covers.push({ file, address: URL.createObjectURL(file) });
    }
  }
  show();
  if (covers.length > 0 && problems.length < files.length) ask();
  if (problems.length > 0) say(problems.join(" "), { isProblem: true });
}

function remove(cover) {
  URL.revokeObjectURL(cover.address);
  covers = covers.filter((each) => each !== cover);
  show();
  if (covers.length > 0) {
    ask();
  } else {
    asking?.abort();
    results.replaceChildren();
    say("");
    picker.focus();
  }
}

function show() {
  chosen.replaceChildren(...covers.map(chip));
  const files = new DataTransfer();
  for (const { file } of covers) files.items.add(file);
  picker.files = files.files;
}

function chip(cover) {
  const item = document.createElement("li");
  const picture = document.createElement("img");
  picture.src = cover.address;
  picture.alt = "";
  picture.addEventListener("error", () => picture.remove());
  const name = document.createElement("span");
  name.textContent = cover.file.name;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "×";
  button.setAttribute("aria-label", `Take ${cover.file.name} out`);
  button.addEventListener("click", () => remove(cover));
  item.append(picture, name, button);
  return item;
}

async function ask() {
  asking?.abort();
  const mine = new AbortController();
  asking = mine;
  results.setAttribute("aria-busy", "true");
  say(covers.length === 1 ? "Looking at the cover…" : `Looking at ${covers.length} covers…`);
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new FormData(form),
      headers: { "X-Fragment": "results" },
      signal: mine.signal,
    });
    if (answer.redirected) {
      location.reload(); // the session ended
      return;
    }
    place(await answer.text());
    say(told(), { isSeen: false });
  } catch (error) {
    if (error.name === "AbortError") return;
    say("The server does not answer. Is it still running?", { isProblem: true });
  } finally {
    if (asking === mine) results.removeAttribute("aria-busy");
  }
}

function place(page) {
  const answer = new DOMParser().parseFromString(page, "text/html");
  results.replaceChildren(...answer.body.childNodes);
  document.querySelector(".workbench").classList.add("used");
  if (results.getBoundingClientRect().top > innerHeight * 0.6) {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    results.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
  }
}

function told() {
  const verdicts = [...results.querySelectorAll(".verdict")];
  return verdicts.map((each) => each.textContent).join(" ");
}

picker.addEventListener("change", () => {
  // A picker forgets what it had: what is chosen anew comes beside what is there.
  const known = new Set(covers.map(({ file }) => file));
  const files = [...picker.files].filter((file) => !known.has(file));
  if (files.length > 0) add(files);
  else show();
});

form.querySelector("select").addEventListener("change", () => {
  if (covers.length > 0) ask();
});

form.addEventListener("submit", (event) => {
  if (covers.length === 0) return; // let the browser say what is missing
  event.preventDefault();
  ask();
});

document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (files.length > 0) {
    event.preventDefault();
    add(files);
  }
});

let depth = 0; // enters and leaves come for every element on the way
function holdsFiles(event) {
  return [...(event.dataTransfer?.types ?? [])].includes("Files");
}
document.addEventListener("dragenter", (event) => {
  if (!holdsFiles(event)) return;
  depth += 1;
  form.classList.add("dragging");
});
document.addEventListener("dragleave", () => {
  depth = Math.max(0, depth - 1);
  if (depth === 0) form.classList.remove("dragging");
});
document.addEventListener("dragover", (event) => {
  if (holdsFiles(event)) event.preventDefault();
});
document.addEventListener("drop", (event) => {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  depth = 0;
  form.classList.remove("dragging");
  add([...event.dataTransfer.files]);
});
