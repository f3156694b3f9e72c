// Says under a table that is wider than the screen that it scrolls, as phones show no bar.
function sayWide() {
  for (const part of document.querySelectorAll('.wide')) {
    const note = part.nextElementSibling;
    if (note?.classList.contains('sideways')) note.hidden = part.scrollWidth <= part.clientWidth;
  }
}
addEventListener('resize', sayWide);
sayWide();
