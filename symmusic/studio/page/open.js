// Reads a file of any kind that the page knows: {project} or {doc, notices, program, parts}; throws
// Unreadable with a sentence.
const MOST_BYTES = 8000000;

async function openBytes(bytes, name, part = 0) {
  if (bytes.length > MOST_BYTES)
    throw new Unreadable('It is larger than 8 MB, which no melody is.');
  if (!bytes.length) throw new Unreadable('It is empty.');
  if (['MThd', 'RIFF'].includes(ascii(bytes, 0, 4))) return scoreToDocument(readMidi(bytes, part));
  if (ascii(bytes, 0, 2) === 'PK') return openText(decodeText(await unpackMxl(bytes)), name, part);
  if (bytes.subarray(0, 2000).some((byte) => byte === 0) && !isUtf16(bytes))
    throw new Unreadable('It is no MIDI, ABC, MusicXML or project file.');
  return openText(decodeText(bytes), name, part);
}

function openText(text, name = '', part = 0) {
  const start = text.replace(/^[\ufeff\s]+/, '');
  if (start.startsWith('{')) {
    const project = unpackProject(readJson(start));
    if (!project) throw new Unreadable('It is no project file of this page.');
    return {project};
  }
  if (start.startsWith('<')) return scoreToDocument(readMusicXml(text, part));
  if (/^(X:|[A-Za-z]:|%)/m.test(start) && /^K:/m.test(start))
    return scoreToDocument(readAbc(text, part));
  if (/\.abc$/i.test(name) || /^X:/m.test(start)) return scoreToDocument(readAbc(text, part));
  throw new Unreadable(
    name
      ? 'It is no MIDI, ABC, MusicXML or project file.'
      : 'The text is no ABC: a tune has lines such as X:1 and K:G above its notes.',
  );
}

const isUtf16 = (bytes) =>
  (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);

function decodeText(bytes) {
  if (isUtf16(bytes))
    return new TextDecoder(bytes[0] === 0xff ? 'utf-16le' : 'utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', {fatal: true}).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

// The score of a compressed MusicXML file (.mxl): the first file that is not about the archive
// itself.
async function unpackMxl(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end -= 1;
  if (end < 0) throw new Unreadable('The compressed file is damaged.');
  let at = view.getUint32(end + 16, true);
  for (let count = view.getUint16(end + 10, true); count > 0 && at + 46 <= bytes.length; count--) {
    const [method, packed, size] = [
      view.getUint16(at + 10, true),
      view.getUint32(at + 20, true),
      view.getUint32(at + 24, true),
    ];
    const nameSize = view.getUint16(at + 28, true),
      name = ascii(bytes, at + 46, nameSize),
      place = view.getUint32(at + 42, true);
    if (!name.startsWith('META-INF') && /\.(musicxml|xml)$/i.test(name)) {
      if (size > 4 * MOST_BYTES || place + 30 > bytes.length)
        throw new Unreadable('The compressed file is damaged, or too large.');
      const begin =
          place + 30 + view.getUint16(place + 26, true) + view.getUint16(place + 28, true),
        data = bytes.subarray(begin, begin + packed);
      return method === 0 ? data : inflate(data);
    }
    at += 46 + nameSize + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  throw new Unreadable('The compressed file holds no MusicXML.');
}

async function inflate(data) {
  if (typeof DecompressionStream === 'undefined')
    throw new Unreadable('This browser cannot unpack compressed files: save it as .musicxml.');
  try {
    const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new Unreadable('The compressed file is damaged.');
  }
}
