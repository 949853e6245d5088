// The page is complete without this. It only adds: copy a line, and look at what needs looking at.
for (const box of document.querySelectorAll(".again")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "copy";
  button.setAttribute("aria-label", "copy the line that repeats this run");
  button.onclick = async () => {
    const text = box.querySelector("code").textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      getSelection().selectAllChildren(box.querySelector("code"));
      document.execCommand("copy");
    }
    button.textContent = "copied";
    setTimeout(() => (button.textContent = "copy"), 2000);
  };
  box.append(button);
}
const asExpected = document.querySelectorAll("article.o-pass, article.o-known_gap");
const all = document.querySelectorAll("article");
if (asExpected.length && asExpected.length < all.length) {
  const label = document.createElement("label");
  const only = document.createElement("input");
  only.type = "checkbox";
  only.onchange = () => asExpected.forEach((one) => (one.hidden = only.checked));
  label.append(only, " only those that are not as expected");
  label.className = "filter";
  document.querySelector("#runs").append(label);
}
