
'use strict';
// Shows those rows of a long table whose first cells hold a text. Without it, all rows are there.
(() => {
  const field = document.getElementById('filter');
  const count = document.getElementById('filtered');
  if (!field || !count) return;
  const tables = [...document.querySelectorAll('#targets, #more-targets')];
  const rows = tables.flatMap(table => [...table.tBodies]).flatMap(body => [...body.rows]);
  const words = rows.map(row => row.textContent.toLowerCase());
  const further = document.getElementById('further');
  const apply = () => {
    const wanted = field.value.trim().toLowerCase();
    let shown = 0;
    rows.forEach((row, index) => {
      const isShown = words[index].includes(wanted);
      if (row.hidden === isShown) row.hidden = !isShown;
      if (isShown) shown += 1;
    });
    if (further && wanted) further.open = true;
    count.textContent = wanted ? `${shown} of ${rows.length}` : '';
  };
  field.addEventListener('input', apply);
  field.disabled = false;
})();
