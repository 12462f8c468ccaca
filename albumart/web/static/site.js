// What every page may use. Without this file each form still has its button.
document.documentElement.classList.add("has-script");

for (const select of document.querySelectorAll("select[data-submits]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
