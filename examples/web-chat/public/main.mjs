import { openPane } from './pane.mjs';

const main = document.querySelector('main');
const toggle = document.querySelector('#second-device');
let phone;

const laptops = [
  { user: 'alice', peer: 'bob', device: 'laptop' },
  { user: 'bob', peer: 'alice', device: 'laptop' },
];
for (const who of laptops) main.append(openPane(who).element);

toggle.addEventListener('click', () => {
  if (phone === undefined) {
    phone = openPane({ user: 'alice', peer: 'bob', device: 'phone' });
    main.append(phone.element);
  } else {
    phone.close();
    phone = undefined;
  }
  toggle.setAttribute('aria-pressed', String(phone !== undefined));
  toggle.textContent = phone === undefined ? 'Add Alice’s phone' : 'Log Alice’s phone out';
});
