// MIDI files of format 0 and 1 to scores, as in score/midi.py. An instrument is one channel of one
// track; drums are left out.
function readMidi(bytes, part = 0) {
  let data = bytes;
  if (ascii(data, 0, 4) === 'RIFF') data = data.subarray(Math.max(0, findText(data, 'MThd')));
  if (ascii(data, 0, 4) !== 'MThd' || data.length < 14) throw new Unreadable('It is no MIDI file.');
  const number = (at, size) =>
    data.subarray(at, at + size).reduce((sum, byte) => sum * 256 + byte, 0);
  const [kind, division] = [number(8, 2), number(12, 2)];
  if (kind === 2)
    throw new Unreadable('It is a MIDI file of format 2, which holds several pieces.');
  if (kind > 2) throw new Unreadable('It is a damaged MIDI file.');
  if (!division || division >= 0x8000)
    throw new Unreadable('It counts time in film frames, not in beats.');
  const tracks = [];
  for (let at = 8 + number(4, 4); at + 8 <= data.length && tracks.length < 1000;) {
    const size = number(at + 4, 4);
    if (ascii(data, at, 4) === 'MTrk') tracks.push(readTrack(data.subarray(at + 8, at + 8 + size)));
    at += 8 + size;
  }
  return midiScore(tracks, division, part);
}

const ascii = (data, at, size) => String.fromCharCode(...data.subarray(at, at + size));

function findText(data, text) {
  for (let at = 0; at + text.length <= Math.min(data.length, 1000); at++)
    if (ascii(data, at, text.length) === text) return at;
  return -1;
}

// {events: [{tick, status, data, kind}], isCut}: all up to the end of the track, or to where it is
// damaged.
function readTrack(data) {
  const events = [];
  let at = 0,
    tick = 0,
    running = 0;
  const variableNumber = () => {
    for (let value = 0, count = 0; ; count++) {
      if (at >= data.length || count > 3) throw new RangeError();
      const byte = data[at++];
      value = value * 128 + (byte & 127);
      if (byte < 128) return value;
    }
  };
  try {
    while (at < data.length) {
      tick += variableNumber();
      let status = data[at];
      if (status >= 0x80) at += 1;
      else if (running) status = running;
      else throw new RangeError();
      if (status >= 0xf0) {
        const kind = status === 0xff ? data[at++] : 0,
          size = variableNumber();
        if (at + size > data.length) throw new RangeError();
        if (status === 0xff && kind === 0x2f) return {events, isCut: false};
        events.push({tick, status, kind, data: data.subarray(at, at + size)});
        at += size;
        running = 0;
      } else {
        const size = [0xc0, 0xd0].includes(status & 0xf0) ? 1 : 2;
        if (at + size > data.length) throw new RangeError();
        events.push({tick, status, kind: 0, data: data.subarray(at, at + size)});
        at += size;
        running = status;
      }
    }
    return {events, isCut: false};
  } catch (error) {
    if (error instanceof RangeError) return {events, isCut: true};
    throw error;
  }
}

function midiScore(tracks, division, part) {
  const metas = (kind) =>
    tracks
      .flatMap(({events}, index) =>
        events
          .filter((each) => each.status === 0xff && each.kind === kind)
          .map((each) => ({...each, index})),
      )
      .sort((a, b) => a.tick - b.tick);
  const instruments = tracks
    .flatMap(({events}, index) =>
      Array.from({length: 16}, (_, channel) => ({
        index,
        channel,
        notes: channel === 9 ? [] : pairNotes(events, channel, division),
      })),
    )
    .filter((each) => each.notes.length);
  if (!instruments.length) throw new Unreadable('It holds no notes.');
  const names = instruments.map(
    ({index, channel}) =>
      trimmed(metas(3).find((each) => each.index === index)?.data) || `channel ${channel + 1}`,
  );
  const chosen = instruments[Math.min(part, instruments.length - 1)],
    notices = [];
  if (tracks.some((each) => each.isCut))
    notices.push('The file is damaged: what could be read of it is opened.');
  const meters = metas(0x58)
    .filter((each) => each.data.length >= 2 && each.data[1] < 7)
    .map((each) => ({at: each.tick / division, meter: `${each.data[0]}/${2 ** each.data[1]}`}));
  const texts = metas(1).map((each) => ({
    tick: each.tick,
    key: /^Key: /.test(trimmed(each.data)) && parseKey(trimmed(each.data).slice(5)),
  }));
  const keys = metas(0x59)
    .filter((each) => each.data.length >= 2)
    .map((each) => {
      const fifths = each.data[0] > 127 ? each.data[0] - 256 : each.data[0];
      const named = texts.find(
        (text) => text.tick === each.tick && text.key && text.key.fifths === fifths,
      )?.key;
      return {
        at: each.tick / division,
        key: named ?? {fifths, mode: each.data[1] === 1 ? 'minor' : 'major'},
      };
    })
    .filter((each) => Math.abs(each.key.fifths) <= 7);
  const tempi = metas(0x51)
    .filter((each) => each.data.length >= 3)
    .map((each) => ({
      at: each.tick / division,
      qpm: 60e6 / (each.data[0] * 65536 + each.data[1] * 256 + each.data[2]),
    }));
  const program =
    tracks.flatMap(({events}) => events).find((each) => each.status === (0xc0 | chosen.channel))
      ?.data[0] ?? 0;
  const score = {
    title: trimmed(metas(3)[0]?.data),
    meters,
    keys,
    tempi,
    notes: chosen.notes,
    program,
    parts: names,
    notices,
  };
  return {...score, pickup: midiPickup(meters)};
}

// The quarters of a first bar that is shorter than the second metre's, as notation programs write a
// pickup.
function midiPickup(meters) {
  if (meters.length < 2) return 0;
  const length = meters[1].at - meters[0].at,
    [count, value] = meters[1].meter.split('/').map(Number);
  return length > 0 && length < (4 * count) / value - 1e-6 ? length : 0;
}

function pairNotes(events, channel, division) {
  const sounding = new Map(),
    notes = [];
  for (const {tick, status, data} of events) {
    if (status >= 0xf0 || (status & 15) !== channel || ![0x80, 0x90].includes(status & 0xf0))
      continue;
    const [pitch, velocity] = data,
      isOn = (status & 0xf0) === 0x90 && velocity > 0,
      waiting = sounding.get(pitch) ?? [];
    if (isOn) sounding.set(pitch, [...waiting, tick]);
    else if (waiting.length) {
      notes.push({onset: waiting[0] / division, length: (tick - waiting[0]) / division, pitch});
      sounding.set(pitch, waiting.slice(1));
    }
  }
  const end = events.at(-1)?.tick ?? 0; // where notes without an end stop
  for (const [pitch, [begin]] of sounding)
    if (begin < end) notes.push({onset: begin / division, length: (end - begin) / division, pitch});
  return notes.sort((a, b) => a.onset - b.onset || b.pitch - a.pitch);
}

function trimmed(data) {
  if (!data) return '';
  let text;
  try {
    text = new TextDecoder('utf-8', {fatal: true}).decode(data);
  } catch {
    text = new TextDecoder('windows-1252').decode(data);
  }
  return text.replace(/[\p{C}\ufeff]/gu, ' ').trim();
}
