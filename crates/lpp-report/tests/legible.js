// Texts of the page that are cut, stick out, or lie on another, as sentences. Boxes are those that the browser lays out.
(() => {
  const found = [];
  const shown = (e) => !e.closest('script, style, noscript, option, [hidden], .skip') && e.getClientRects().length > 0
    && getComputedStyle(e).visibility === 'visible';
  const told = (box) => `"${box.text}" at ${Math.round(box.left)}, ${Math.round(box.top)}`;

  // Pairs of boxes that share more than the slack, found from top to bottom.
  const overlaps = (boxes, where, slack) => {
    boxes.sort((a, b) => a.top - b.top);
    boxes.forEach((a, i) => {
      for (let j = i + 1; j < boxes.length && boxes[j].top < a.bottom; j += 1) {
        const b = boxes[j];
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - b.top;
        if (a.of !== b.of && wide > slack(a, b).wide && high > slack(a, b).high) found.push(`${where}: ${told(a)} on ${told(b)}`);
      }
    });
  };

  let n = 0;
  for (const svg of document.querySelectorAll('.drawing svg')) {
    const page = svg.getBoundingClientRect();
    const where = svg.closest('figure')?.id || svg.getAttribute('aria-label')?.slice(0, 40);
    const boxes = [...svg.querySelectorAll('text')].filter((text) => text.textContent.trim()).map((text) => {
      const { left, top, right, bottom } = text.getBoundingClientRect();
      const matrix = text.getScreenCTM();
      const size = parseFloat(getComputedStyle(text).fontSize) * Math.hypot(matrix.a, matrix.b);
      // From the height of a line to that of capitals and descenders of Inter.
      const [up, down] = [0.24 * size, 0.04 * size];
      const box = Math.abs(matrix.b) > Math.abs(matrix.a)
        ? { left: left + up, top, right: right - down, bottom }
        : { left, top: top + up, right, bottom: bottom - down };
      return { ...box, text: text.textContent.slice(0, 40), of: text, size };
    });
    n += boxes.length;
    for (const box of boxes) {
      const slack = 0.1 * box.size;
      if (box.left < page.left - slack || box.right > page.right + slack || box.top < page.top - slack || box.bottom > page.bottom + slack) {
        found.push(`${where}: ${told(box)} sticks out of the figure`);
      }
    }
    overlaps(boxes, where, (a) => ({ wide: 0.1 * a.size, high: 0.1 * a.size }));
  }

  const boxes = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const e = node.parentElement;
    if (!node.data.trim() || e.closest('svg') || !shown(e)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const { left, top, right, bottom } of range.getClientRects()) {
      if (right - left < 1) continue;
      const box = { left, top, right, bottom, text: node.data.trim().slice(0, 40), of: e };
      const scrolls = matchMedia('screen').matches && e.closest('.wide');
      if (scrolls) {
        // What is seen of it.
        const around = scrolls.getBoundingClientRect();
        for (const side of ['left', 'top']) box[side] = Math.max(box[side], around[side]);
        for (const side of ['right', 'bottom']) box[side] = Math.min(box[side], around[side]);
        if (box.right - box.left < 1 || box.bottom - box.top < 1) continue;
      }
      boxes.push(box);
      if (!scrolls && (left < -1 || right > document.documentElement.clientWidth + 1)) found.push(`page: ${told(box)} sticks out of the window`);
      for (let p = e; p && p !== document.body; p = p.parentElement) {
        const style = getComputedStyle(p);
        if (style.overflowX !== 'hidden' && style.overflowX !== 'clip') continue;
        const around = p.getBoundingClientRect();
        if (left < around.left - 1 || right > around.right + 1 || bottom > around.bottom + 1) found.push(`page: ${told(box)} is cut`);
      }
    }
  }
  n += boxes.length;
  const bar = (box) => box.of.closest('thead, nav');  // Heads of tables and the bar of contents may stay while the rest moves.
  overlaps(boxes.filter((box) => !bar(box)), 'page', (a, b) => ({ wide: 2, high: 0.3 * Math.min(a.bottom - a.top, b.bottom - b.top) }));
  return n < 200 ? [`only ${n} texts`] : found.slice(0, 40);
})()
