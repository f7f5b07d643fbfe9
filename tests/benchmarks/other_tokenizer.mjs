// A tokenizer in another language, made of a model file's metadata alone, held to its table of token ids:
//   node other_tokenizer.mjs metadata.json
// The metadata are what any onnxruntime returns (getModelMetadata, GetModelMetadata …), as a JSON object.
import { readFileSync } from "node:fs";

const metadata = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { rules, max_tokens: maxTokens } = JSON.parse(metadata.tokenizer);
if (rules.version !== 2) throw new Error(`rules of version ${rules.version}, this script reads 2`);
const ids = new Map(metadata.vocabulary.split("\n").map((word, place) => [word, place + 2]));
const UNKNOWN = 1;

// RE2 and JavaScript differ: \x{..}, \pL, \z, flags in front, and \s, which is ASCII in RE2.
const SPACE = "\\t\\n\\f\\r ";
function classes(text) {
  return text
    .replace(/\\x\{([0-9A-F]+)\}/g, "\\u{$1}")
    .replace(/\\p\{(Han|Hiragana|Katakana)\}/g, "\\p{Script=$1}")
    .replace(/\\p([A-Z])/g, "\\p{$1}");
}
function pattern(text) {
  let flags = "gu";
  const body = text
    .replace(/^\(\?([is]+)\)/, (_, found) => ((flags += found), ""))
    .replaceAll("(?i:\\b[c-z])", "\\b[c-zC-Z]")
    .replaceAll("\\z", "$");
  let out = "", inside = false;
  const pieces = classes(body).match(/\\[^]|[^]/g);
  pieces.forEach((piece, place) => {
    if (piece === "\\s") out += inside ? SPACE : `[${SPACE}]`;
    else if (piece === "\\S") out += `[^${SPACE}]`;
    else if (inside && piece === "-" && pieces[place + 1] === "]") out += "\\-";
    else out += piece;
    if (piece === "[" || piece === "]") inside = piece === "[";
  });
  return new RegExp(out, flags);
}

const replacements = rules.replacements.map((rule) => ({
  ...rule,
  pattern: pattern(rule.pattern),
  replacement: rule.replacement.replace(/\\(\d)/g, "$$$1"),
}));
const names = new Map(rules.entities);
const readAs = new Map([...rules.contractions, ...rules.signs]);
const [word, apart, joined] = [rules.word, rules.apart, rules.joined].map(classes);
const ENTITY =
  /&(?:amp;)*(?:#(0*39);?|#([0-9]{1,7});?|#[xX]([0-9a-fA-F]{1,6});?|([A-Za-z][A-Za-z0-9]{0,31});)/g;

function entity(whole, apostrophe, decimal, hexadecimal, name) {
  if (name !== undefined) return names.get(name) ?? names.get(name.toLowerCase()) ?? whole;
  const code = hexadecimal ? parseInt(hexadecimal, 16) : parseInt(apostrophe ?? decimal, 10);
  return code < 0x110000 && !(code >= 0xd800 && code < 0xe000) ? String.fromCodePoint(code) : " ";
}
function isFor(rule, text) {
  const all = !rule.where.length && !rule.beyond_ascii;
  const beyond = rule.beyond_ascii && /[^\x00-\x7f]/.test(text);
  return all || beyond || rule.where.some((place) => text.includes(place));
}
function tokensOf(text) {
  text = text.replace(ENTITY, entity);
  for (const rule of replacements) {
    if (isFor(rule, text)) text = text.replace(rule.pattern, rule.replacement);
  }
  text = text.normalize(rules.normalization);
  // Letter by letter: what stands beside a letter doesn't matter, as it would for the final sigma.
  if (rules.lower_case) text = [...text].map((letter) => letter.toLowerCase()).join("");
  const most = rules.longest_run;
  text = text.replace(new RegExp(`([a-zA-Z])\\1{${most},}`, "g"), (_, letter) => letter.repeat(most));
  text = text.replace(new RegExp(`[^${word}${apart}' ]`, "gu"), " ");
  text = text.replace(new RegExp(`([${apart}]${joined && `[${joined}]?`})`, "gu"), " $1 ");
  text = text.replace(/''+/g, " ").replace(/'(?: +'?|$)|(?:^| )'/g, " ");
  const tokens = text.split(" ").filter((token) => token);
  return tokens.map((token) => readAs.get(token) ?? token).slice(-maxTokens);
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const { rows } = JSON.parse(metadata.token_table);
const wrong = rows.filter((row) => {
  const bytes = row.hex !== undefined && Buffer.from(row.hex, "hex");
  const tokens = tokensOf(bytes ? utf8.decode(bytes) : (row.text ?? ""));
  const found = tokens.map((token) => ids.get(token) ?? UNKNOWN);
  const same = tokens.join(" ") === row.tokens && found.join() === row.ids.join();
  if (!same) console.log(JSON.stringify({ ...row, found: tokens.join(" ") }));
  return !same;
});
console.log(`${rows.length - wrong.length} of ${rows.length} texts as the table has them`);
process.exit(wrong.length ? 1 : 0);
