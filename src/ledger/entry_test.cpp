#include "ledger/entry.h"

#include "base/buffer.h"
#include "base/limits.h"
#include "base/log.h"
#include "json/document.h"
#include "ledger/entry_samples_test.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace sallyport::ledger {
namespace {

using samples::text;

std::vector<std::string> one_of_each() {
    return {text(samples::intent()), text(samples::outcome()), text(samples::refusal()), text(samples::bad_input()),
            text(samples::repeat()), text(samples::start()),   text(samples::stop()),    text(samples::run()),   text(Intent{}),
            text(Outcome{}),         text(Refusal{})};
}

// RFC 8785: sorted members, nothing between tokens.
void expect_canonical(const std::string& entry) {
    Buffer raw(entry);
    json::Document document;
    ASSERT_TRUE(document.parse(raw.view())) << entry;
    for (json::NodeIndex n = 0; n < document.nodes().size(); ++n) {
        if (document[n].kind != json::Kind::object) continue;
        std::string_view before;
        for (auto m = document.first_child(n); m != json::no_node; m = document.next_sibling(m)) {
            EXPECT_LT(before, document.raw_key(m)) << entry;
            before = document.raw_key(m);
        }
    }
    bool inside = false;
    for (std::size_t i = 0; i < entry.size(); ++i) {
        if (entry[i] == '"' && (i == 0 || entry[i - 1] != '\\')) inside = !inside;
        EXPECT_FALSE(!inside && (entry[i] == ' ' || entry[i] == '\n')) << entry;
    }
}

TEST(Entry, IsCanonicalJson) {
    for (const std::string& entry : one_of_each()) expect_canonical(entry);
}

TEST(Entry, ReadsBackExactlyAsItWasWritten) {
    for (const std::string& entry : one_of_each()) {
        const auto read = decode(entry);
        ASSERT_TRUE(read) << read.error().message << "\n" << entry;
        std::string again;
        encode(*read, again);
        EXPECT_EQ(again, entry);
    }
}

TEST(Entry, GivesTheFactsBackForTheSameJudgement) {
    auto given = samples::intent();
    given.judgement.facts.model = "odd \"model\"\\ \x01 \xED\xA0\x80 \xE6\x97\xA5";
    given.judgement.facts.account = policy::AccountKind::personal;
    given.judgement.facts.generates = false;
    const auto entry = decode(text(given));
    ASSERT_TRUE(entry);
    ASSERT_EQ(entry->kind(), Kind::intent);
    const auto& facts = entry->as<Intent>()->judgement.facts;
    const auto& expected = given.judgement.facts;
    EXPECT_EQ(facts.pdp, policy::Pdp::permitted);
    EXPECT_EQ(facts.person, expected.person);
    EXPECT_EQ(facts.team, expected.team);
    EXPECT_EQ(facts.key_max_class, expected.key_max_class);
    EXPECT_EQ(facts.client, expected.client);
    EXPECT_EQ(facts.client_version, expected.client_version);
    EXPECT_EQ(facts.account, expected.account);
    EXPECT_EQ(facts.repository, expected.repository);
    EXPECT_EQ(facts.evidence, expected.evidence);
    EXPECT_EQ(facts.class_floor, expected.class_floor);
    EXPECT_EQ(facts.dialect, expected.dialect);
    EXPECT_EQ(facts.model, expected.model);
    EXPECT_EQ(facts.generates, expected.generates);
    EXPECT_EQ(facts.references, expected.references);
    EXPECT_TRUE(std::ranges::equal(facts.plugins, expected.plugins));
    EXPECT_EQ(facts.at_ms, expected.at_ms);
    EXPECT_TRUE(std::ranges::equal(entry->as<Intent>()->judgement.candidates, given.judgement.candidates));
}

// An exchange's decision is looked at once: a refusal behind attempts that failed repeats theirs.
TEST(Entry, IsADecisionWhereTheDecisionPointDidNotAnswer) {
    JudgementReader reader;
    auto refusal = samples::refusal();
    refusal.why = dialect::RefusalKind::unavailable;
    refusal.judgement.facts.pdp = policy::Pdp::permitted;
    auto read = reader.read(text(refusal));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, nullptr);
    refusal.judgement.facts.pdp = policy::Pdp::unanswered;
    refusal.judgement.refused_by = policy::RefusedBy::decision_point;
    read = reader.read(text(refusal));
    ASSERT_TRUE(read && *read != nullptr);
    EXPECT_EQ((*read)->facts.pdp, policy::Pdp::unanswered);
    EXPECT_EQ((*read)->refused_by, policy::RefusedBy::decision_point);
}

TEST(Entry, KeepsItsTextsWhenMoved) {
    auto entry = decode(text(samples::refusal()));
    ASSERT_TRUE(entry);
    Entry moved = std::move(*entry);
    entry = decode(text(samples::stop()));
    EXPECT_EQ(moved.as<Refusal>()->sentence, samples::refusal().sentence);
    EXPECT_EQ(moved.exchange(), "x_refused");
    EXPECT_EQ(moved.at_ms(), samples::refusal().at_ms);
    EXPECT_EQ(moved.as<Refusal>()->judgement.facts.plugins[1], "jira");
}

TEST(Entry, MakesBytesThatAreNotTextReadable) {
    auto given = samples::stop();
    given.reason = "bad \xFF byte";
    EXPECT_EQ(text(given), "{\"at\":1795000100000,\"kind\":\"stop\",\"reason\":\"bad \xEF\xBF\xBD byte\",\"v\":1}");
}

TEST(Entry, EscapesEachByteWhereverItStands) {
    for (int byte = 0; byte < 256; ++byte)
        for (std::size_t at = 0; at < 20; ++at) {
            std::string reason(19, 'a');
            reason.insert(at, 1, static_cast<char>(byte));
            std::string expected = R"({"at":0,"kind":"stop","reason":")";
            append_json_escaped(expected, reason);
            ASSERT_EQ(text(Stop{0, reason}), expected + R"(","v":1})") << byte << " at " << at;
        }
}

TEST(Entry, MayBeAsLongAsTheLimit) {
    auto given = samples::refusal();
    const std::string sentence(60'000, 's');
    given.sentence = sentence;
    std::string entry;
    encode(given, entry); // into a string without room
    const auto read = decode(entry);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->as<Refusal>()->sentence, sentence);
    encode(given, entry); // behind what is there
    EXPECT_EQ(entry.substr(entry.size() / 2), entry.substr(0, entry.size() / 2));
}

TEST(Entry, SkipsMembersOfALaterVersionAndRefusesANewerFormat) {
    EXPECT_TRUE(decode(R"({"at":1,"kind":"stop","later":[{"x":1}],"reason":"","v":1})"));
    const auto newer = decode(R"({"at":1,"kind":"stop","reason":"","v":2})");
    ASSERT_FALSE(newer);
    EXPECT_NE(newer.error().message.find("use the program that wrote it"), std::string::npos);
}

TEST(Entry, SaysWhatIsWrong) {
    const std::pair<const char*, const char*> wrong[] = {
        {"", "not JSON"},
        {"[]", "not a JSON object"},
        {R"({"at":1,"kind":"stop","reason":""})", "'v' is missing"},
        {R"({"at":1,"kind":"step","reason":"","v":1})", "'kind' holds a word"},
        {R"({"at":1,"kind":"stop","v":1})", "'reason' is missing"},
        {R"({"at":1.5,"kind":"stop","reason":"","v":1})", "'at' is not a whole number"},
        {R"({"at":"1","kind":"stop","reason":"","v":1})", "'at' has the wrong type"},
        {R"({"at":1,"count":-1,"exchange":"x","first":1,"kind":"repeat","last":2,"v":1})",
         "'count' is not a whole number"},
        {R"({"answer":{"bytes":1,"digest":"sha256:12"},"at":1,"attempt":1,"ended":"complete","exchange":"x","kind":"outcome","status":1,"v":1})",
         "'digest' is not"},
    };
    for (const auto& [entry, message] : wrong) {
        const auto read = decode(entry);
        ASSERT_FALSE(read) << entry;
        EXPECT_NE(read.error().message.find(message), std::string::npos) << read.error().message;
    }
    EXPECT_FALSE(decode(std::string(limits::entry_bytes_max + 1, ' ')));
}

TEST(EntryId, IsOriginAndIndex) {
    EXPECT_EQ(parse_entry_id("k3f9x2ab/1207")->text(), "k3f9x2ab/1207");
    for (const char* wrong : {"", "k3f9x2ab", "/1", "k3f9x2ab/", "k3f9x2ab/x", "k3f9x2ab/1x", "k3f9x2ab/-1"})
        EXPECT_FALSE(parse_entry_id(wrong)) << wrong;
}

} // namespace
} // namespace sallyport::ledger
