// T33: comments full of hostile text, rendered as GitHub-flavoured Markdown with raw HTML, and looked at as a
// document: nothing foreign became an element, an attribute, a link, a mention or a reference, no line of the
// source begins with a command, and the page has the parts that it has without an attack.
//
//     node rendering_test.mjs BUILD   (BUILD/npm holds the packages, BUILD/bin/hostile_comments makes the pages)
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const build = process.argv[2];
const require = createRequire(`${build}/npm/`);
const load = async (name) => import(pathToFileURL(require.resolve(name)).href);
const { unified } = await load("unified");
const parse = (await load("remark-parse")).default;
const gfm = (await load("remark-gfm")).default;
const toTree = (await load("remark-rehype")).default;
const raw = (await load("rehype-raw")).default;

const renderer = unified().use(parse).use(gfm).use(toTree, { allowDangerousHtml: true }).use(raw);
const render = (markdown) => renderer.runSync(renderer.parse(markdown));

const own = new Set([
    "h3", "p", "strong", "code", "pre", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "b", "sub", "a",
]);
const ownAddress = /^https:\/\/slipway\.example\.com\/runs\/[^\s<>"]*$/;
const forgeFilters = [
    [/(^|[^\w`])@[a-z0-9]/i, "a mention"],
    [/(^|[^\w&])#\d/, "a reference"],
    [/(^|\W)GH-\d/i, "a reference"],
    [/(^|\s)[!$%&~^]\w/, "a reference of GitLab"],
    [/\b(https?|ftp):\/\/\w/i, "an address"],
    [/(^|\s)www\.\w/i, "an address"],
    [/\bmailto:\w/i, "an address"],
    [/:[a-z0-9+-]+:/i, "a picture"],
];

const problems = [];
let pages = 0;

function look(node, say, inside = []) {
    if (node.type === "comment") {
        if (!/^ slipway $/.test(node.value)) say(`an HTML comment: ${node.value}`);
    } else if (node.type === "element") {
        if (!own.has(node.tagName)) say(`an element <${node.tagName}>`);
        for (const [name, value] of Object.entries(node.properties ?? {})) {
            const fine = (node.tagName === "a" && name === "href" && ownAddress.test(value)) ||
                (node.tagName === "code" && name === "className" && /^language-(diff|text)$/.test(String(value)));
            if (!fine) say(`an attribute ${name}="${value}" of <${node.tagName}>`);
        }
    } else if (node.type === "text" && !inside.includes("code") && !inside.includes("a")) {
        for (const [pattern, what] of forgeFilters) {
            // Our own counts look like a label of GitLab's and are none: "~1".
            const text = node.value.replace(/(^|\s|\()~\d+/g, "$1");
            if (pattern.test(text)) say(`${what} in: ${JSON.stringify(node.value)}`);
        }
    }
    for (const child of node.children ?? []) look(child, say, [...inside, node.tagName]);
}

// The shape of a page: its elements in order, text aside.
function shape(node, out = []) {
    const inline = ["code", "strong", "b"];
    if (node.type === "element" && node.tagName !== "code" && !(inline.includes(node.tagName))) out.push(node.tagName);
    for (const child of node.children ?? []) shape(child, out);
    return out.join(" ");
}

const made = JSON.parse(execFileSync(`${build}/bin/hostile_comments`, { maxBuffer: 1 << 28 }).toString("utf8"));
const expected = Object.fromEntries(made.plain.map(({ kind, pages: some }) => [kind, some.map((page) => shape(render(page)))]));

for (const { text, kind, pages: some } of made.hostile) {
    some.forEach((page, index) => {
        ++pages;
        const say = (what) => problems.push(`${JSON.stringify(text)} (${kind}, page ${index}): ${what}`);
        for (const line of page.split("\n"))
            if (/^\//.test(line)) say(`a line begins with a command: ${line}`);
        if (/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(page)) say(`a character that acts unseen in: ${JSON.stringify(page.match(/.{0,60}[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069].{0,20}/)?.[0])}`);
        const tree = render(page);
        look(tree, say);
        const found = shape(tree);
        if (text.includes("evilword") && text.trim() !== "" && found !== expected[kind][index])
            say(`another shape\n    is     ${found}\n    wanted ${expected[kind][index]}`);
    });
}

if (problems.length > 0) {
    console.error(problems.slice(0, 40).join("\n"));
    console.error(`${problems.length} problems on ${pages} pages`);
    process.exit(1);
}
console.log(`${made.hostile.length / 3} hostile texts, ${pages} pages rendered: all inert`);
