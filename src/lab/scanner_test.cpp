// Made-up code: what each shape of concealment is found by, and its harmless neighbours.
#include "lab/scanner.h"

#include "base/encoding.h"
#include "lab/groups.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sallyport::lab {
namespace {

std::vector<Finding> findings_of(const std::string& code, const std::string& path = "bundle.js") {
    Scanner scanner;
    scanner.scan(path, code);
    return scanner.findings().take();
}

bool has(const std::vector<Finding>& findings, Kind kind, std::string_view text, Confidence least = Confidence::low) {
    return std::ranges::any_of(
        findings, [&](const Finding& one) { return one.kind == kind && one.text == text && one.confidence >= least; });
}

std::string hidden(std::string text, char key) {
    for (char& c : text) c = static_cast<char>(c ^ key);
    return to_base64(text);
}

TEST(Scanner, AnEncipheredListIsFoundWithItsPlace) {
    const std::string code =
        "var a=1,list=\"" + hidden("blackbird,nightjar,kingfisher,woodpecker", 0x33) + "\";use(list)";
    const auto findings = findings_of(code);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].text, "blackbird,nightjar,kingfisher,woodpecker");
    EXPECT_EQ(findings[0].how, "base64, then each byte XOR 0x33");
    EXPECT_EQ(findings[0].confidence, Confidence::high);
    EXPECT_EQ(findings[0].place.offset, code.find("list=\"") + 6);
    EXPECT_EQ(findings[0].entries, 4u);
}

TEST(Scanner, CharacterCodesEscapesPiecesAndBackwards) {
    const std::string host = "collector.acme-spy.com";
    std::string codes, escapes, pieces, moved;
    for (std::size_t i = 0; i < host.size(); ++i) {
        codes += (codes.empty() ? "" : ",") + std::to_string(static_cast<int>(host[i]));
        moved += (moved.empty() ? "" : ",") + std::to_string(static_cast<int>(host[i]) + 4'000);
        escapes += "\\x" + to_hex(host.substr(i, 1));
        if (i % 4 == 0) pieces += (pieces.empty() ? "\"" : "+\"") + host.substr(i, 4) + "\"";
    }
    const std::string turned(host.rbegin(), host.rend());
    EXPECT_TRUE(has(findings_of("f(String.fromCharCode(" + codes + "))"), Kind::concealed_text, host));
    EXPECT_TRUE(has(findings_of("f([" + moved + "])"), Kind::concealed_text, host));
    EXPECT_TRUE(has(findings_of("f(\"" + escapes + "\")"), Kind::concealed_text, host));
    EXPECT_TRUE(has(findings_of("f(" + pieces + ")"), Kind::concealed_text, host));
    EXPECT_TRUE(has(findings_of("f([\"collector\",\"acme-spy\",\"com\"].join(\".\"))"), Kind::concealed_text, host));
    EXPECT_TRUE(has(findings_of("f(\"" + turned + "\".split(\"\").reverse().join(\"\"))"), Kind::concealed_text, host));
}

TEST(Scanner, AChoiceOfLookAlikesHoweverItIsWritten) {
    for (const char* code :
         {"function "
          "f(a,b){if(!a&&!b)return\"'\";if(a&&!b)return\"\\u2019\";if(!a&&b)return\"\\u02BC\";return\"\\u02B9\"}",
          "var q=a?b?\"’\":\"ʼ\":\"ʹ\";", "var t=[\"'\",\"’\",\"ʼ\",\"ʹ\"];say(t[n])",
          "var t={0:\"'\",1:\"’\",2:\"ʼ\",3:\"ʹ\"};say(t[n])", "let t=[39,8217,700,697][n]",
          "s=a&&\"\\u200b\"||b&&\"\\u200c\"||\"\\u2060\""}) {
        const auto findings = findings_of(code);
        ASSERT_FALSE(findings.empty()) << code;
        EXPECT_EQ(findings[0].kind, Kind::look_alike_choice) << code;
        EXPECT_EQ(findings[0].confidence, Confidence::high) << code;
    }
}

TEST(Scanner, HarmlessUsesOfLookAlikesAreNoChoice) {
    for (const char* code :
         {"var e={lsquo:\"\\u2018\",rsquo:\"\\u2019\",prime:\"\\u2032\",apos:\"'\"};",
          "s.replace(/[\\u02bb\\u02bc]/g,\"\\u2019\").replace(/'/g,\"\\u2019\")",
          "var P=\"\\u2018\",S=\"\\u2019\",O=\"\\u201C\",v=\"\\u201D\";", "if(c===\"‘\"||c===\"’\"||c===\"ʼ\")return 1",
          "x=[[\"'\",\"'\"],[\"‘\",\"’\"],[\"`\",\"`\"]]", "new Set([8204,8205,65038,65039])",
          "[\"‘\",\"’\",\"ʼ\",\"ʹ\"].includes(c)"}) {
        for (const Finding& one : findings_of(code))
            EXPECT_EQ(one.confidence, Confidence::low) << code << " " << one.how;
    }
}

TEST(Scanner, ATextOfWhichAConditionVariesOneCharacter) {
    EXPECT_TRUE(has(findings_of("x=c?\"It is Ada's turn\":\"It is Ada’s turn\""), Kind::varied_character,
                    "It is Ada's turn", Confidence::high));
    EXPECT_FALSE(findings_of("if(c)return\"It is Ada's turn\";return\"It is Ada\\u02BCs turn\"").empty());
    EXPECT_TRUE(has(findings_of("x=c?\"a plain text\":\"a plain\\u200B text\""), Kind::varied_character, "a plain text",
                    Confidence::high));
    EXPECT_TRUE(has(findings_of("x=c?d.replace(/-/g,\"/\"):d"), Kind::varied_character, "'-' or '/'"));
    EXPECT_TRUE(findings_of("x=c?\"item\":\"items\"").empty());
    EXPECT_TRUE(findings_of("x=c?\"left\":\"lift\"").empty());
}

TEST(Scanner, ComparisonsWithPlacesOfAnyKind) {
    EXPECT_TRUE(
        has(findings_of("if(z===\"Europe/Oslo\")f()"), Kind::place_comparison, "Europe/Oslo", Confidence::medium));
    EXPECT_TRUE(has(findings_of("switch(z){case\"America/Lima\":f()}"), Kind::place_comparison, "America/Lima"));
    EXPECT_TRUE(
        has(findings_of("if([\"Asia/Tokyo\",\"Asia/Seoul\"].includes(z))f()"), Kind::place_comparison, "Asia/Seoul"));
    EXPECT_TRUE(has(findings_of("if(new Set([\"Asia/Tokyo\",\"Asia/Seoul\"]).has(z))f()"), Kind::place_comparison,
                    "Asia/Tokyo"));
    EXPECT_TRUE(has(findings_of("if(l.startsWith(\"pt-BR\"))f()"), Kind::place_comparison, "pt-BR"));
    EXPECT_TRUE(findings_of("var zones={\"Europe/Oslo\":60,\"Asia/Tokyo\":540}").empty());
    EXPECT_TRUE(findings_of("format({timeZone:\"Europe/Oslo\"})").empty());
}

TEST(Scanner, WhatStandsTogetherIsAMarkerAndAloneItIsNot) {
    auto alone = findings_of("x=c?d.replace(/-/g,\"/\"):d");
    EXPECT_EQ(group(alone).at(0).verdict, Group::Verdict::mention);
    auto together = findings_of("let z=zone(),c=z===\"Europe/Oslo\";x=c?d.replace(/-/g,\"/\"):d");
    EXPECT_EQ(group(together).at(0).verdict, Group::Verdict::marker);
}

TEST(Scanner, ASetOfDigestsIsCountedAndIsNoFinding) {
    std::string code = "var t=new Set([";
    for (int i = 0; i < 20; ++i)
        code += "\"" + std::string(63, static_cast<char>('a' + i % 6)) + std::to_string(i % 10) + "\",";
    Scanner scanner;
    scanner.scan("bundle.js", code + "]);");
    EXPECT_TRUE(scanner.findings().take().empty());
    EXPECT_EQ(scanner.coverage().digests.at(64), 20u);
}

TEST(Scanner, TheInventoryNamesHostsVariablesAndSwitches) {
    Scanner scanner;
    scanner.scan("bundle.js", "fetch(\"https://api.acme.example.com/"
                              "v1?x=1\");if(process.env.ACME_TOKEN||e.ACME_MODE)go(\"--dangerously-skip-checks\");"
                              "k=\"pub0123456789abcdef0123456789abcdef\"");
    const auto names = scanner.inventory().take();
    const auto named = [&](Subject subject, std::string_view name) {
        return std::ranges::any_of(names, [&](const Name& one) { return one.subject == subject && one.name == name; });
    };
    EXPECT_TRUE(named(Subject::host, "api.acme.example.com"));
    EXPECT_TRUE(named(Subject::environment, "ACME_TOKEN"));
    EXPECT_TRUE(named(Subject::named_like_one, "ACME_MODE"));
    EXPECT_TRUE(named(Subject::permission, "--dangerously-skip-checks"));
    EXPECT_TRUE(named(Subject::telemetry, "Datadog"));
}

} // namespace
} // namespace sallyport::lab
