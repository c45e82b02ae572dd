// What a reader would see of the page as it is now, measured. An expression: its value is an object of lists, which are
// empty when all is well, and of counts.
(() => {
  const shown = (element) => element.getClientRects().length > 0 && getComputedStyle(element).visibility !== "hidden";
  const rgb = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
  const channel = (value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const contrast = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const told = { small: [], faint: [], outside: [], unmarked: [], cut: [], charts: 0, marks: 0, texts: 0 };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !shown(element) || element.closest(".skip")) continue;
    told.texts += 1;
    const style = getComputedStyle(element);
    const drawn = element instanceof SVGElement;
    const scale = drawn ? element.getScreenCTM().a : 1;
    const sine = drawn ? Math.hypot(element.getScreenCTM().a, element.getScreenCTM().b) : scale;
    const size = parseFloat(style.fontSize) * sine;
    if (size < 12) told.small.push([node.data, size]);
    const ratio = contrast(rgb(drawn ? style.fill : style.color), background(element));
    if (!(ratio >= 4.5)) told.faint.push([node.data, ratio]);
    const box = element.getBoundingClientRect();
    if (!element.closest(".scroll") && (box.left < -1 || box.right > innerWidth + 1)) told.outside.push(node.data);
    if (drawn) {
      const frame = element.ownerSVGElement.getBoundingClientRect();
      if (box.left < frame.left - 2 || box.right > frame.right + 2 || box.top < frame.top - 2 || box.bottom > frame.bottom + 2)
        told.cut.push(node.data);
    }
  }
  for (const figure of document.querySelectorAll("figure")) {
    const drawings = [...figure.querySelectorAll("svg")].filter(shown);
    const marks = drawings.flatMap((svg) => [...svg.querySelectorAll(".role-mark path")]);
    const visible = marks.filter((mark) => {
      const box = mark.getBoundingClientRect();
      const bar = rgb(getComputedStyle(mark).fill);
      return box.width > 0.5 && box.height > 0.5 && contrast(bar, background(figure)) >= 3;
    });
    told.charts += 1;
    told.marks += visible.length;
    if (drawings.length !== 1 || visible.length === 0) told.unmarked.push(figure.textContent.slice(0, 80));
  }
  told.overflow = document.documentElement.scrollWidth - innerWidth;
  told.scripts = document.scripts.length;
  told.page = rgb(getComputedStyle(document.body).backgroundColor);
  return told;
})()
