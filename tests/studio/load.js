// For tests in node: defines all that the page's pure files define. `require('./load.js')`.
const fs = require('fs'), path = require('path'), vm = require('vm');
const folder = path.join(__dirname, '..', '..', 'symmusic', 'studio', 'page');
const PURE = ['meter', 'key', 'document', 'undo', 'notation', 'write', 'score', 'read_midi', 'read_abc', 'read_xml'];
for (const name of PURE) vm.runInThisContext(fs.readFileSync(path.join(folder, `${name}.js`), 'utf8'), {filename: `${name}.js`});
