/** What HTML alone cannot do in a search form: several collections as one value, dates for a time, nothing for an empty input. */

const DAY_START = 'T00:00:00Z';
const DAY_END = 'T23:59:59Z';

/** `2024-01-01T00:00:00Z/2024-01-31T23:59:59Z` as two days; undefined where it is no interval of whole days. */
function daysOf(text) {
  if (text === '') return ['', ''];
  const [start, end, more] = text.split('/');
  if (end === undefined || more !== undefined) return undefined;
  const day = (part, suffix) => (part === '..' || part === '' ? '' : /^\d{4}-\d\d-\d\d/.test(part) && part.slice(10) === suffix ? part.slice(0, 10) : undefined);
  const days = [day(start, DAY_START), day(end, DAY_END)];
  return days.includes(undefined) ? undefined : days;
}

const intervalOf = (from, to) => (from === '' && to === '' ? '' : `${from === '' ? '..' : from + DAY_START}/${to === '' ? '..' : to + DAY_END}`);

function dateInput(name, value) {
  const label = document.createElement('label');
  label.textContent = name;
  const input = document.createElement('input');
  Object.assign(input, { type: 'date', value });
  label.append(input);
  return { label, input };
}

/** Two dates in place of the text, unless the text says what dates cannot. */
function offerDates(field) {
  const text = field.querySelector('input');
  const days = daysOf(text.value);
  if (days === undefined) return;
  const [from, to] = [dateInput('From', days[0]), dateInput('To', days[1])];
  const row = document.createElement('div');
  row.className = 'dates';
  row.append(from.label, to.label);
  const set = () => {
    text.value = intervalOf(from.input.value, to.input.value);
    to.input.setCustomValidity(from.input.value !== '' && to.input.value !== '' && to.input.value < from.input.value ? 'The end is before the start.' : '');
  };
  for (const { input } of [from, to]) input.addEventListener('change', set);
  field.replaceChildren(row, text);
  text.type = 'hidden';
}

/** On a phone the results of a search come before its form, which is a tap away. */
if (window.matchMedia('(max-width: 40rem)').matches && window.location.search !== '') for (const fold of document.querySelectorAll('details.form')) fold.open = false;

for (const form of document.querySelectorAll('form.search')) {
  for (const field of form.querySelectorAll('[data-datetime]')) offerDates(field);
  form.addEventListener('formdata', ({ formData }) => {
    const collections = formData.getAll('collections');
    formData.delete('collections');
    if (collections.length > 0) formData.set('collections', collections.join(','));
    const empty = [...formData].filter(([, value]) => value === '');
    for (const [name] of empty) formData.delete(name);
  });
}
