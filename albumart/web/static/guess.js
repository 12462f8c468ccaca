// Keys for those who play long: 1 to 9 and 0 answer, Enter goes on. And how long an answer took.

const form = document.querySelector("form.guess");
const next = document.querySelector("a.next");
const began = performance.now();

if (form) {
  form.addEventListener("submit", () => {
    form.elements.seconds.value = ((performance.now() - began) / 1000).toFixed(2);
  });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, select, textarea")) return;
  if (next && event.key === "Enter" && !event.target.matches("a, button")) next.click();
  if (form && /^[0-9]$/.test(event.key)) {
    const buttons = form.querySelectorAll("button[name=label]:not(.not-sure)");
    buttons[(Number(event.key) + 9) % 10]?.click();
  }
});
