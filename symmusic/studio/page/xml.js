// XML to nodes {name, attributes, children, text}, without the browser, so that nothing in a file
// is fetched or run.
const ENTITIES = {amp: '&', lt: '<', gt: '>', quot: '"', apos: "'"};

function parseXml(text) {
  const root = {name: '', attributes: {}, children: [], text: ''},
    open = [root];
  const decode = (value) =>
    value.replace(/&(#x?[\da-fA-F]{1,6}|\w{1,6});/g, (whole, name) =>
      name[0] === '#'
        ? String.fromCodePoint(
            Math.min(
              0x10ffff,
              Number(name[1] === 'x' ? `0x${name.slice(2)}` : name.slice(1)) || 32,
            ),
          )
        : (ENTITIES[name] ?? whole),
    );
  const kinds = [
    /<!--[\s\S]*?-->/,
    /<!\[CDATA\[([\s\S]*?)\]\]>/,
    /<[!?][^>]*>/,
    /<(\/?)([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>/,
    /([^<]+)/,
  ];
  const token = new RegExp(kinds.map((kind) => kind.source).join('|'), 'g');
  for (const [, data, close, name, attributes, isEmpty, words] of text.matchAll(token)) {
    if (words || data) open.at(-1).text += data ?? decode(words);
    else if (close) {
      if (open.at(-1).name !== name || open.length < 2)
        throw new Unreadable('It is no well-formed XML.');
      open.pop();
    } else if (name) {
      const node = {name, attributes: {}, children: [], text: ''};
      for (const [, key, first, second] of attributes.matchAll(
        /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g,
      ))
        node.attributes[key] = decode(first ?? second);
      open.at(-1).children.push(node);
      if (!isEmpty) open.push(node);
      if (open.length > 100) throw new Unreadable('It is no MusicXML.');
    }
  }
  if (open.length > 1) throw new Unreadable('The file is cut short.');
  return root;
}

const child = (node, ...names) =>
  names.reduce((found, name) => found?.children.find((each) => each.name === name), node);
const children = (node, name) => node.children.filter((each) => each.name === name);
const content = (node, ...names) => child(node, ...names)?.text.trim() ?? '';
