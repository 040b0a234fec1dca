// A link to a member opens its details; all is readable without this script.
function openTarget() {
  const found = location.hash ? document.getElementById(location.hash.slice(1)) : null;
  if (found && found.tagName === "DETAILS") {
    found.open = true;
    found.querySelector("summary").focus();
  }
}
addEventListener("hashchange", openTarget);
openTarget();
for (const link of document.querySelectorAll('a[href^="#member-"]')) {
  link.addEventListener("click", () => setTimeout(openTarget));
}
// The cost of each threshold, for costs that the reader gives.
const costs = document.getElementById("costs");
if (costs) {
  const rows = [...document.querySelectorAll("#thresholds tbody tr")];
  const update = () => {
    const falsePositive = Number(costs.elements.fp.value);
    const falseNegative = Number(costs.elements.fn.value);
    let best = null;
    for (const row of rows) {
      const cost = falsePositive * row.dataset.fp + falseNegative * row.dataset.fn;
      row.lastElementChild.textContent = cost.toLocaleString();
      if (best === null || cost < best.cost) best = { cost, row };
    }
    document.getElementById("cheapest").textContent =
      `Cheapest threshold: ${best.row.dataset.threshold}, cost ${best.cost.toLocaleString()}.`;
  };
  costs.addEventListener("input", update);
  update();
}
addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("details")) one.open = true;
});
