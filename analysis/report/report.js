'use strict';
for (const button of document.querySelectorAll('button[data-open]')) {
  button.addEventListener('click', () => {
    for (const node of document.querySelectorAll('.tree details')) {
      node.open = button.dataset.open === 'true';
    }
  });
}
