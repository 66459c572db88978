#include "handlers/webhooks/comment_command.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <sstream>

using namespace slipway;

namespace {

const std::vector<std::string> usual = {"/slipway"};
const std::vector<std::string> with_atlantis = {"/slipway", "atlantis"};

// One line that says what came out: "-" nothing, "? message" a mistake, else verb, targets and
// note.
std::string said(std::string_view body, const std::vector<std::string>& words = usual) {
    const auto parsed = parse_comment(body, words);
    if (!parsed) return "-";
    if (const auto* mistake = std::get_if<CommandMistake>(&*parsed)) return "? " + mistake->message;
    const auto& command = std::get<CommentCommand>(*parsed);
    std::string out(word(command.verb));
    if (command.only_failed) out += " --failed";
    if (command.lock_ms) out += " for " + std::to_string(command.lock_ms / 1000);
    if (command.or_cancel) out += " or cancel";
    for (const auto& target : command.targets) {
        out += " " + target.pattern;
        if (!target.plan.empty()) out += "@" + target.plan;
        if (!target.directory.empty()) out += "{" + target.directory + "|" + target.workspace + "}";
    }
    for (const auto& source : command.providers) out += " <" + source + ">";
    if (!command.commit.empty()) out += " commit " + command.commit;
    if (command.resolution) out += " =" + std::string(word(*command.resolution));
    if (!command.note.empty()) out += " -- " + command.note;
    return out;
}

bool is_mistake(std::string_view body, const std::vector<std::string>& words = usual) {
    return said(body, words).starts_with("? ");
}

}  // namespace

TEST_CASE("a command is a line of its own that begins with the word") {
    struct Case {
        const char* name;
        std::string body;
        const char* expected;
    };
    const Case cases[] = {
        {"all concerned stacks", "/slipway plan", "plan"},
        {"the word alone asks for help", "/slipway", "help"},
        {"words of either case", "/Slipway PLAN Payments-Prod", "plan Payments-Prod"},
        {"several stacks", "/slipway apply a b/c d.e", "apply a b/c d.e"},
        {"a plan's digest", "/slipway approve payments-prod@9F3C", "approve payments-prod@9f3c"},
        {"patterns", "/slipway plan prod-* {a,b}-?", "plan prod-* {a,b}-?"},
        {"a label", "/slipway plan label:team:payments", "plan label:team:payments"},
        {"a space", "/slipway plan space:production/eu", "plan space:production/eu"},
        {"how an apply ended", "/slipway resolve a Applied", "resolve a =applied"},
        {"and of several", "/slipway resolve a b failed -- seen", "resolve a b =failed -- seen"},
        {"a note", "/slipway reject a -- not on a Friday; $(no) `way`",
         "reject a -- not on a Friday; $(no) `way`"},
        {"a lock", "/slipway lock net prod-* -- migration tonight",
         "lock net prod-* -- migration tonight"},
        {"how long it holds", "/slipway lock --for 4h net", "lock for 14400 net"},
        {"likewise", "/slipway lock net --for=2d -- --for 4h", "lock for 172800 net -- --for 4h"},
        {"the end of a lock", "/slipway unlock net", "unlock net"},
        {"a provider", "/slipway allow provider Acme/DNS tf.acme.test/acme/net -- looked at",
         "allow <acme/dns> <tf.acme.test/acme/net> -- looked at"},
        {"a fork's commit", "/slipway allow commit 1A2B3C4 -- read it",
         "allow commit 1a2b3c4 -- read it"},
        {"a note without targets", "/slipway cancel --   later ", "cancel -- later"},
        {"an empty note", "/slipway cancel --", "cancel"},
        {"again", "/slipway retry a", "retry a"},
        {"what failed", "/slipway retry a --failed b", "retry --failed a b"},
        {"an option that is none is a note's", "/slipway plan -- --failed -target=x",
         "plan -- --failed -target=x"},
        {"other words for the same", "/slipway confirm a", "apply a"},
        {"and again", "/slipway discard a", "cancel a"},
        {"prose around it", "Looks good.\n\n/slipway approve\n\nThanks!", "approve"},
        {"directly below prose", "Looks good.\n/slipway approve\nThanks!", "approve"},
        {"line ends of Windows", "Fine\r\n\r\n/slipway approve a\r\n", "approve a"},
        {"line ends of long ago", "Fine\r/slipway approve a\r", "approve a"},
        {"three leading spaces", "   /slipway plan", "plan"},
        {"no-break spaces", "\xC2\xA0/slipway\xC2\xA0plan\xC2\xA0 a\xC2\xA0", "plan a"},
        {"other spaces",
         "/slipway\xE2\x80\xAFplan\xE3\x80\x80"
         "a\tb",
         "plan a b"},
        {"a byte order mark", "\xEF\xBB\xBF/slipway plan", "plan"},
        {"below a closed fence", "```\nx\n```\n/slipway plan", "plan"},
        {"below a quote and an empty line", "> why?\n\n/slipway plan", "plan"},
        {"below an HTML comment", "<!-- x -->\n/slipway plan", "plan"},
        {"below a list", "- one\n- two\n\n/slipway plan", "plan"},
        {"a span of code on another line", "see `x`\n/slipway plan\nand `y`", "plan"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.name);
        CHECK(said(c.body) == c.expected);
    }
}

TEST_CASE("T40: prose, quotes, code and comments command nothing") {
    struct Case {
        const char* name;
        std::string body;
    };
    const Case cases[] = {
        {"empty", ""},
        {"prose", "I would /slipway apply this"},
        {"another word", "/slipways plan"},
        {"a path", "/slipway/plan is a file"},
        {"a sentence about it", "`/slipway plan` plans again"},
        {"a quote", "> /slipway apply"},
        {"a quote of a quote", "> > /slipway apply"},
        {"a quote without a space", ">/slipway apply"},
        {"a line that still belongs to a quote", "> somebody said\n/slipway apply"},
        {"a quote in a list", "- > said\n/slipway apply"},
        {"a quote of many lines as GitLab has them", ">>>\n/slipway apply\n>>>"},
        {"a quote in HTML", "<blockquote>\n/slipway apply\n</blockquote>"},
        {"a fence", "```\n/slipway apply\n```"},
        {"a fence with a language", "```sh\n/slipway apply\n```"},
        {"a fence of tildes", "~~~\n/slipway apply\n~~~"},
        {"a fence of tildes with backticks inside", "~~~\n```\n/slipway apply\n~~~"},
        {"a long fence with a short one inside", "````\n```\n/slipway apply\n```\n````"},
        {"a fence that is never closed", "```\n/slipway apply"},
        {"a fence whose closing line says more", "```\n``` x\n/slipway apply\n```"},
        {"an indented fence", "  ```\n  /slipway apply\n  ```"},
        {"a fence in a list item", "- ```\n  /slipway apply\n  ```"},
        {"a fence that begins where its list item ended",
         "- a\n\n  ```\n  x\n```\n/slipway apply\n```"},
        {"the same below a second line of the item",
         "- a\nb\n  ```\n  x\n```\n/slipway apply\n```"},
        {"indented code", "    /slipway apply"},
        {"code indented by a tab", "\t/slipway apply"},
        {"code indented by a space and a tab", " \t/slipway apply"},
        {"a span of code over lines", "see `this\n/slipway apply\nhere`"},
        {"a span of two backticks over lines", "see ``a ` b\n/slipway apply\n`` there"},
        {"a span after an escaped backtick", "see \\` and `this\n/slipway apply\n`"},
        {"preformatted HTML", "<pre>\n/slipway apply\n</pre>"},
        {"code in HTML", "so <CODE>\n/slipway apply\n</code>"},
        {"an HTML comment", "<!--\n/slipway apply\n-->"},
        {"an HTML comment behind text", "text <!-- hidden\n/slipway apply\n-->"},
        {"an HTML comment behind another", "<!-- a --> <!--\n/slipway apply\n-->"},
        {"an HTML comment that is never closed", "<!--\n\n/slipway apply"},
        {"a list item", "- /slipway apply"},
        {"a heading", "# /slipway apply"},
        {"a table", "| /slipway apply |\n|---|\n| /slipway plan |"},
        {"atlantis without the setting", "atlantis plan"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.name);
        CHECK(said(c.body) == "-");
    }
}

TEST_CASE("T41: what a shell would understand is plain text or refused") {
    for (std::string argument : {"a;rm",
                                 "$(id)",
                                 "`id`",
                                 "a|b",
                                 "a&b",
                                 "a>b",
                                 "<b",
                                 "a\\b",
                                 "\"a\"",
                                 "'a'",
                                 "a(b)",
                                 "~root",
                                 "#1",
                                 "%s",
                                 "a^b",
                                 "@team",
                                 "@9f3c",
                                 "-d",
                                 "--force",
                                 "-",
                                 "---",
                                 "..",
                                 "../a",
                                 "a/../b",
                                 "a/..",
                                 "label:",
                                 "a@",
                                 "a@9f3",
                                 "a@xyzw",
                                 "a@9f3c@9f3c",
                                 "a@9f3c;b",
                                 "p\xD0\xB0yments",  // a Cyrillic letter
                                 "\xEF\xBD\x81",     // a full-width one
                                 "\xE2\x80\x9C"
                                 "a\xE2\x80\x9D",  // curly quotes
                                 "a\xE2\x80\x8B"
                                 "b",  // a space of no width
                                 "\xE2\x80\xAE"
                                 "a",  // the other direction
                                 "\xE2\x80\x94 note",
                                 "\xE2\x80\x94",
                                 "a\xFF",
                                 "\x1B[31m",
                                 "a\x7F"}) {
        CAPTURE(argument);
        CHECK(is_mistake("/slipway apply " + argument));
        if (argument.find('`') == argument.npos)
            CHECK(said("/slipway apply " + argument).find('\x1B') == std::string::npos);
    }
    CHECK(is_mistake(std::string("/slipway apply a\0b", 18)));
    CHECK(is_mistake("/slipway apply " + std::string(201, 'a')));
    std::string many = "/slipway plan";
    for (int i = 0; i < 101; ++i) many += " s" + std::to_string(i);
    CHECK(is_mistake(many));
    CHECK(said("/slipway apply a\n; rm -rf /") == "apply a");
}

TEST_CASE("a mistake says what to type instead") {
    struct Case {
        std::string body;
        const char* contains;
    };
    const Case cases[] = {
        {"/slipway paln", "did you mean `/slipway plan`?"},
        {"/slipway aprove x", "did you mean `/slipway approve`?"},
        {"/slipway appply", "did you mean `/slipway apply`?"},
        {"/slipway confrim", "did you mean `/slipway confirm`?"},
        {"/slipway resolve a",
         "`/slipway resolve STACK applied` or `/slipway resolve STACK failed`"},
        {"/slipway resolve failed", "Name the stack"},
        {"/slipway resolve", "Name the stack"},
        {"/slipway destroy", "`/slipway help` lists them all"},
        {"/slipway \xD1\x80lan", "There is no command this"},
        {"/slipway <b>", "There is no command this"},
        {"/slipway plan --force", "knows no options"},
        {"/slipway plan \xE2\x80\x94 later", "two hyphens"},
        {"/slipway plan \xE2\x80\x9Cx\xE2\x80\x9D", "without quotes"},
        {"/slipway plan 'x'", "without quotes"},
        {"/slipway lock net --for", "`/slipway lock --for 4h STACK`"},
        {"/slipway lock net --for soon", "30 days at most"},
        {"/slipway lock net --for=31d", "30 days at most"},
        {"/slipway unlock net --for 4h", "no options"},
        {"/slipway lock net --force", "no options"},
        {"/slipway approve x@latest", "`STACK@9f3c`"},
        {"/sli\xD1\x80way plan", "only look like `/slipway`"},
        {"/slip\xE2\x80\x8Bway plan", "only look like `/slipway`"},
        {"\xEF\xBC\x8Fslipway plan", "only look like `/slipway`"},
        {"/slipway plan a\n/slipway apply a", "two commands"},
        {"/slipway plan a\n\n```\nx\n```\n/slipway apply a", "two commands"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.body);
        CHECK(is_mistake(c.body));
        CAPTURE(said(c.body));
        CHECK(said(c.body).find(c.contains) != std::string::npos);
    }
    CHECK(said("\xD0\xBF\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82") ==
          "-");  // another language is not a look-alike
}

TEST_CASE("T15: a fork's commit is named by seven of its digits or more, and alone") {
    for (const char* mistake : {"allow", "allow commit", "allow commit 1a2b3c", "allow commit main",
                                "allow commit 1a2b3c4 1a2b3c4", "allow 1a2b3c4"}) {
        CAPTURE(mistake);
        CHECK(is_mistake(std::string("/slipway ") + mistake));
    }
}

TEST_CASE("people who migrate keep their words, in a comment that says nothing else") {
    CHECK(said("atlantis plan", with_atlantis) == "plan");
    CHECK(said("Atlantis Apply -p payments", with_atlantis) == "apply payments");
    CHECK(said("atlantis unlock", with_atlantis) == "unlock or cancel");
    CHECK(said("atlantis approve_policies", with_atlantis) == "approve");
    CHECK(said("atlantis help", with_atlantis) == "help");
    CHECK(said("/slipway plan", with_atlantis) == "plan");
    CHECK(said("\natlantis plan\n\n", with_atlantis) == "plan");
    CHECK(said("atlantis plan showed this\nand more", with_atlantis) == "-");
    CHECK(said("atlantis plan -d ./stacks/a/", with_atlantis) == "plan {stacks/a|default}");
    CHECK(said("atlantis plan -w staging", with_atlantis) == "plan {.|staging}");
    CHECK(said("atlantis apply --dir=a --workspace=b", with_atlantis) == "apply {a|b}");
    CHECK(said("atlantis apply -p=a/b --auto-merge-method squash", with_atlantis) == "apply a-b");
    CHECK(said("atlantis plan --verbose -p a -- -target=x", with_atlantis) ==
          "plan a -- -target=x");
    CHECK(said("atlantis cancel", with_atlantis) == "cancel");
    CHECK(is_mistake("atlantis approve", with_atlantis));
    CHECK(said("/slipway unlock", with_atlantis) == "unlock");
    CHECK(is_mistake("atlantis lock", with_atlantis));
    CHECK(said("atlantis aply", with_atlantis).find("did you mean `atlantis apply`?") !=
          std::string::npos);
}

TEST_CASE("T41: what atlantis takes behind its options is literal or refused") {
    for (const std::string value : {"a;rm", "$(id)", "a|b", "..", "../a", "a/../b", "-d", "--",
                                    "'a'", "a\\b", "%s", "~root", "p\xD0\xB0y",
                                    "\xE2\x80\x9C"
                                    "a\xE2\x80\x9D",
                                    "a\x7F", ""})
        for (const std::string option : {"-p ", "-d ", "-w ", "-p=", "--dir=", "--workspace="}) {
            CAPTURE(option + value);
            CHECK(is_mistake("atlantis apply " + option + value, with_atlantis));
        }
}

TEST_CASE("an option or verb that atlantis has and Slipway has not says what to type instead") {
    struct Case {
        std::string body;
        const char* contains;
    };
    const Case cases[] = {
        {"atlantis plan --projct a", "did you mean `--project`?"},
        {"atlantis plan -x", "it has `--project`, `--dir`, `--workspace` and `--verbose`"},
        {"atlantis unlock -p a", "`atlantis unlock` has no such option: it has none"},
        {"atlantis plan -p", "`--project` wants a value"},
        {"atlantis plan -p a -w b", "but not by both"},
        {"atlantis apply --auto-merge-methd x", "did you mean `--auto-merge-method`?"},
        {"atlantis version", "there is no command for it"},
        {"atlantis import a b", "an `import` block"},
        {"atlantis state rm a", "a `removed` or a `moved` block"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.body);
        CAPTURE(said(c.body, with_atlantis));
        CHECK(is_mistake(c.body, with_atlantis));
        CHECK(said(c.body, with_atlantis).find(c.contains) != std::string::npos);
    }
}

TEST_CASE("a note is cut at a whole character") {
    std::string note;
    for (int i = 0; i < 500; ++i) note += "\xE2\x82\xAC";
    const auto parsed = parse_comment("/slipway cancel -- " + note, usual);
    REQUIRE(parsed);
    const auto& kept = std::get<CommentCommand>(*parsed).note;
    CHECK(kept.size() == 999);
    CHECK(kept == note.substr(0, 999));
}

TEST_CASE("F14: the help shows each verb and begins no line with the word") {
    const auto help = command_help("/slipway");
    for (auto verb : words_of(Verb{})) {
        CAPTURE(verb);
        const bool shown = help.find("| `/slipway " + std::string(verb)) != std::string::npos;
        CHECK(shown == is_for_comments(*parse_word<Verb>(verb)));
    }
    CHECK(help.find("approve_policies") == std::string::npos);
    CHECK(said(help) == "-");
}

TEST_CASE("each row of the help has two cells, whatever the command's own words hold") {
    const auto help = command_help("/slipway");
    CHECK(help.find("`/slipway resolve STACK applied\\|failed` | ") != std::string::npos);
    std::istringstream lines(help);
    for (std::string line; std::getline(lines, line) && line.starts_with('|');) {
        CAPTURE(line);
        int cells = -1;
        for (std::size_t i = 0; i < line.size(); ++i)
            cells += line[i] == '|' && (i == 0 || line[i - 1] != '\\');
        CHECK(cells == 2);
    }
}

TEST_CASE("a long comment is read in one pass") {
    std::string body;
    for (int i = 0; i < 20'000; ++i)
        body += std::string(static_cast<std::size_t>(i % 40 + 1), '`') + "x\n";
    body += "\n/slipway plan\n";
    CHECK(said(body).size() > 0);
    std::string opened;
    for (int i = 0; i < 100'000; ++i) opened += "<!-";
    CHECK(said(opened + "\n/slipway plan") == "plan");
}

TEST_CASE("64 KiB of hostile Markdown are read in time, and the command behind them counts") {
    const auto filled = [](std::string_view piece, std::size_t bytes) {
        std::string out;
        while (out.size() < bytes) out += piece;
        return out;
    };
    constexpr std::size_t half = 32u << 10, all = 64u << 10;
    std::string runs, nested;
    for (std::size_t i = 1; runs.size() < all; ++i) runs += std::string(i, '`') + "a";
    for (std::size_t i = 0; nested.size() < all; ++i) nested += std::string(2 * i, ' ') + "- a\n";
    const std::string bodies[] = {filled("[", all),
                                  filled("![](", all),
                                  filled(">", all),
                                  filled("> ", all),
                                  filled("`", half) + "\n" + filled("`", half),
                                  filled("`\n", all),
                                  runs,
                                  nested,
                                  filled("- ", half) + "a\n" + filled("\n", half),
                                  filled("1. ", half) + "a\n" + filled("\n", half),
                                  filled(">", half) + "a\n" + filled("a\n", half),
                                  filled("<!--", all) + "-->",
                                  filled("*a_", all)};
    for (const auto& body : bodies) {
        CAPTURE(body.substr(0, 20));
        const auto begin = std::chrono::steady_clock::now();
        CHECK(said(body + "\n\n/slipway plan") == "plan");
        CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(1));
    }
}
