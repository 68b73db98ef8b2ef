// What a page can do that paper cannot: copy, sort, search. All of it is there without this script, too.
'use strict';
(() => {
  const make = (name, text, classes) => {
    const element = document.createElement(name);
    element.textContent = text;
    element.className = classes || '';
    return element;
  };

  // Copying. Files opened from a disk may not use the clipboard in every browser: then the old way.
  const copied = async (source) => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      return true;
    } catch {
      const range = document.createRange();
      range.selectNodeContents(source);
      const selection = getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      return document.execCommand('copy');
    }
  };
  for (const source of document.querySelectorAll('.copy')) {
    const button = make('button', 'Copy', 'copier');
    button.type = 'button';
    button.setAttribute('aria-label', 'Copy ' + source.textContent);
    button.addEventListener('click', async () => {
      button.textContent = (await copied(source)) ? 'Copied' : 'Press Ctrl+C';
      setTimeout(() => { button.textContent = 'Copy'; }, 1500);
    });
    source.after(button);
  }

  // Sorting: by the figure in data-key, else by the text.
  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.key ?? cell.textContent.trim();
  };
  const byKey = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
  const sort = (table, heading, column) => {
    const down = heading.getAttribute('aria-sort') === 'ascending';
    for (const other of heading.parentElement.cells) other.removeAttribute('aria-sort');
    heading.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const compare = (one, two) => {
      const [a, b] = [key(one, column), key(two, column)];
      const [x, y] = [Number(a), Number(b)];
      const order = a !== '' && b !== '' && !isNaN(x) && !isNaN(y) ? x - y : byKey.compare(a, b);
      return down ? -order : order;
    };
    table.tBodies[0].append(...[...table.tBodies[0].rows].sort(compare));
  };
  for (const table of document.querySelectorAll('table.sortable')) {
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      if (heading.classList.contains('plain')) return;
      const button = make('button', heading.textContent);
      button.type = 'button';
      button.addEventListener('click', () => sort(table, heading, column));
      heading.replaceChildren(button);
    });

    // Searching: every word must be somewhere in the row.
    const rows = [...table.tBodies[0].rows];
    if (rows.length < 8) continue;
    const label = make('label', 'Search ', 'search');
    const input = make('input', '');
    const count = make('span', '');
    input.type = 'search';
    count.setAttribute('role', 'status');
    const texts = rows.map((row) => row.textContent.toLowerCase());
    input.addEventListener('input', () => {
      const words = input.value.toLowerCase().split(/\s+/);
      let shown = 0;
      rows.forEach((row, at) => {
        row.hidden = !words.every((word) => texts[at].includes(word));
        shown += row.hidden ? 0 : 1;
      });
      count.textContent = input.value ? shown + ' of ' + rows.length : '';
    });
    label.append(input, count);
    table.parentElement.before(label);
  }

  // What is linked to is unfolded, and paper shows everything.
  const unfold = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = id && document.getElementById(id);
    if (!target) return;
    const folded = target.querySelector(':scope > details') || target.closest('details');
    if (folded && !folded.open) {
      folded.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener('hashchange', unfold);
  unfold();
  let opened = [];
  addEventListener('beforeprint', () => {
    opened = [...document.querySelectorAll('details:not([open])')];
    opened.forEach((one) => { one.open = true; });
  });
  addEventListener('afterprint', () => opened.forEach((one) => { one.open = false; }));
})();
