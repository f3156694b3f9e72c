// Reads a list of documents (JSON) from standard input, writes each as ABC, MusicXML and MIDI, reads these back, and prints both.
require('./load.js');
const documents = JSON.parse(require('fs').readFileSync(0, 'utf8'));
vm = require('vm');
const run = vm.runInThisContext(`(documents) => documents.map((data) => {
  const doc = checkDocument(data);
  const files = {abc: formatAbc(doc, {program: 73}), musicxml: formatMusicXml(doc, {program: 73}), midi: [...formatMidi(doc, {program: 73})]};
  const read = {abc: scoreToDocument(readAbc(files.abc)), musicxml: scoreToDocument(readMusicXml(files.musicxml)), midi: scoreToDocument(readMidi(new Uint8Array(files.midi)))};
  return {files, read, doc};
})`);
process.stdout.write(JSON.stringify(run(documents)));
