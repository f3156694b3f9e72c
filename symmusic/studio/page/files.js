// Opening, saving and printing, as far as the page is concerned.
const PROGRAMS = {
  plucked: [24, 'Guitar'],
  flute: [73, 'Flute'],
  reed: [71, 'Clarinet'],
  fiddle: [110, 'Fiddle'],
};

async function openFile(file) {
  try {
    const bytes = new Uint8Array(await file.arrayBuffer());
    await openInto(bytes, file.name, 0);
  } catch (error) {
    notify(
      `${file.name}: `
        + `${error instanceof Unreadable ? error.message : 'It cannot be read.'} Your tune `
        + 'is as it was.',
    );
  }
}

async function openInto(bytes, name, part) {
  const found = await openBytes(bytes, name, part);
  opened(
    found,
    name,
    found.parts?.length > 1 ? (number) => openInto(bytes, name, number) : null,
    part,
  );
}

function openPasted() {
  try {
    opened(openText(get('abc-text').value), '');
    get('paste-abc').open = false;
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    notify(`${error.message} Your tune is as it was.`);
  }
}

// Puts what was opened in the place of the tune, which stays among the tunes that are kept.
function opened(
  {project, doc, notices = [], program = 0, parts = []},
  name,
  choose = null,
  part = 0,
) {
  freshTune();
  state.log = project?.log ?? [];
  state.history = startHistory(
    project?.doc ?? (doc.title ? doc : setTitle(doc, name.replace(/\.[^.]*$/, ''))),
  );
  state.selection = null;
  state.caret = project ? firstStep(tune()) : Math.max(0, ...tune().notes.map(noteEnd));
  if (program) setSound(readJson(get('sounds').textContent)[program]);
  save();
  notify(
    [
      `${name || 'The text'} is open: ${plural(tune().notes.length, 'note')} in `
        + `${plural(tune().numBars, 'bar')} of ${tune().meter}, ${keyName(tune().key)}.`,
      ...notices,
    ].join(' '),
  );
  if (choose) {
    const select = document.createElement('select');
    select.setAttribute('aria-label', 'Part to open');
    parts.forEach((text, index) => select.append(new Option(text, index, false, index === part)));
    select.addEventListener('change', () => choose(Number(select.value)));
    get('notice-parts').replaceChildren(`It has ${parts.length} parts: `, select);
  }
  show();
}

// The tune as it is written to files: without the empty bars after its end.
const taken = () => ({...tune(), numBars: Math.max(numWritten(tune()), 1)});
const fileName = (ending) =>
  `${
    (tune().title || 'tune')
      .replace(/[^\p{L}\p{N}]+/gu, '-')
      .replace(/^-|-$/g, '')
      .toLowerCase() || 'tune'
  }.${ending}`;

async function saveAs(kind) {
  if (!tune().notes.length && kind !== 'json') return say('There is nothing to save yet.');
  const [program, instrument] = PROGRAMS[state.sound];
  if (kind === 'wav') return saveWav();
  const made = {
    musicxml: () => [
      formatMusicXml(taken(), {program, instrument}),
      'application/vnd.recordare.musicxml+xml',
    ],
    mid: () => [formatMidi(taken(), {program}), 'audio/midi'],
    abc: () => [formatAbc(taken(), {program}), 'text/vnd.abc'],
    json: () => [JSON.stringify(packProject(tune(), state.log)), 'application/json'],
  }[kind]();
  download(...made, fileName(kind));
}

async function saveWav() {
  say('Making the sound …');
  const samples = await renderTune(tune());
  if (!samples) return say('This browser cannot make sound files; MIDI and MusicXML work.');
  download(formatWav(samples, 44100), 'audio/wav', fileName('wav'));
}

function download(data, type, name) {
  const url = URL.createObjectURL(new Blob([data], {type})),
    link = document.createElement('a');
  Object.assign(link, {href: url, download: name});
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
  say(`Saved as ${name}.`);
}

async function copyAbc() {
  const text = formatAbc(taken());
  try {
    await navigator.clipboard.writeText(text);
    say('The ABC is in the clipboard.');
  } catch {
    get('paste-abc').open = true;
    get('abc-text').value = text;
    get('abc-text').select();
    say('The browser does not allow the clipboard: the ABC is selected below, copy it from there.');
  }
}

// The staff of the tune, or of the candidate that is in view, where it is unfolded.
function showStaff() {
  if (!get('staff').open || !get('staff').clientWidth) return;
  const doc = shownDoc(),
    numBars = Math.max(1, numWritten(doc)),
    width = get('staff').clientWidth - 4;
  if (get('staff-lines').drawn === doc && get('staff-lines').wide === width) return;
  Object.assign(get('staff-lines'), {drawn: doc, wide: width});
  fillStaff(get('staff-lines'), {...doc, numBars}, width, width < 560 ? 2 : 4);
}

function fillStaff(place, doc, width, barsPerLine) {
  place.innerHTML = drawStaff(doc, width, barsPerLine)
    .map(
      (line) =>
        `<svg class="staff" viewBox="0 0 ${fixed(line.width)} ${line.height}" `
        + `style="width: ${fixed(line.width)}px">${line.svg}</svg>`,
    )
    .join('');
}

function layOutPrint() {
  const {beat, number} = markTempo(tune().tempo, tune().meter);
  get('print-title').textContent = tune().title || 'Untitled';
  get('print-tempo').textContent = `${nameLength(beat * QUARTER)} = ${number}`;
  fillStaff(get('print-lines'), taken(), 680, 4);
}

function dropped(event) {
  event.preventDefault();
  document.body.classList.remove('dropping');
  const [file] = event.dataTransfer?.files ?? [];
  if (file) openFile(file);
}
