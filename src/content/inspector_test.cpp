#include "content/inspector.h"

#include "base/buffer.h"
#include "base/encoding.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace sallyport::content {
namespace {

// Made up; its checksum holds.
const std::string token = std::string("ghp_") + "IqIMNOZH6z0wIEB4T9A2g4EHMy8Ji4" + "0jlb6i";

class InspectorTest : public testing::Test {
protected:
    static void SetUpTestSuite() {
        auto rules = Rules::built_in();
        ASSERT_TRUE(rules) << rules.error().message;
        rules_ = *rules;
    }
    static void TearDownTestSuite() { rules_.reset(); }

    const Inspection& inspect(const std::string& body) {
        body_ = body;
        raw_.clear();
        raw_.append(body_);
        EXPECT_TRUE(document_.parse(raw_.view()));
        const auto endpoint = dialect::match_endpoint("POST", "/v1/messages");
        EXPECT_TRUE(dialect::read_request(*endpoint, document_, request_));
        inspector_.inspect(document_, request_, 7, inspection_);
        return inspection_;
    }
    std::string text_of(const Finding& one) const {
        return body_.substr(one.found.begin, one.found.end - one.found.begin);
    }

    static inline std::shared_ptr<const Rules> rules_;
    crypto::UnitNamer namer_{std::string(32, 'k'), "test"};
    UnitMemory memory_{10'000};
    Inspector inspector_{rules_, memory_, namer_};
    Buffer raw_;
    json::Document document_;
    dialect::Request request_;
    Inspection inspection_;
    std::string body_;
};

std::string talk(const std::string& first, const std::string& second) {
    return R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":")" + first +
           R"("}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":")" +
           second + R"("}]}]}],"max_tokens":9})";
}

TEST_F(InspectorTest, FindsWhereItLiesInTheBody) {
    ASSERT_EQ(inspect(talk("nothing", "x = \\\"" + token + "\\\"\\n")).findings.size(), 1U);
    EXPECT_EQ(text_of(inspection_.findings[0]), token);
    EXPECT_EQ(inspection_.findings[0].unit, dialect::UnitKind::tool_result);
    EXPECT_EQ(inspection_.findings[0].found.kind, FindingKind::secret);
}

TEST_F(InspectorTest, FindsWhatIsWrittenInEscapes) {
    std::string escaped;
    for (const char c : token) {
        constexpr std::string_view digits = "0123456789abcdef";
        escaped += "\\u00";
        escaped += digits[static_cast<unsigned char>(c) >> 4];
        escaped += digits[static_cast<unsigned char>(c) & 15];
    }
    ASSERT_EQ(inspect(talk("is " + escaped + "\\t!", "")).findings.size(), 1U);
    EXPECT_EQ(text_of(inspection_.findings[0]), escaped);
}

TEST_F(InspectorTest, LooksOnlyAtWhatIsNewAndSaysTheSame) {
    const std::size_t units = inspect(talk("has " + token, "second")).units;
    const std::vector<Finding> first = inspection_.findings;
    ASSERT_EQ(first.size(), 1U);
    EXPECT_GT(inspection_.units_new, 1U);
    EXPECT_EQ(inspect(talk("has " + token, "second")).units, units);
    EXPECT_EQ(inspection_.units_new, 0U);
    ASSERT_EQ(inspection_.findings.size(), 1U);
    EXPECT_EQ(inspection_.findings[0].found, first[0].found);
    inspect(" " + talk("has " + token, "another " + token));
    EXPECT_EQ(inspection_.units_new, 1U);
    ASSERT_EQ(inspection_.findings.size(), 2U);
    EXPECT_EQ(text_of(inspection_.findings[0]), token) << "where it lies now";
    EXPECT_EQ(text_of(inspection_.findings[1]), token);
}

TEST_F(InspectorTest, LooksAtKeysOfUnitsThatHoldOthersAndBeside) {
    EXPECT_EQ(
        inspect(R"({"model":"m","a )" + token + R"(":[],"messages":[{"role":"user","content":"hi"}]})").findings.size(),
        1U);
    EXPECT_EQ(inspect(R"({"model":"m","messages":[{"role":"user","content":"hi","x":{")" + token + R"(":1}}]})")
                  .findings.size(),
              1U);
    inspect(talk("", ""));
    inspector_.inspect_beside("a: b\nc: " + token, inspection_);
    ASSERT_EQ(inspection_.findings.size(), 1U);
    EXPECT_EQ(inspection_.findings[0].found.end, 0U);
}

// JSON in a JSON string, as tools answer and code modes write, once and twice.
TEST_F(InspectorTest, ReadsTextInEscapesAndSaysHowDeep) {
    const std::string key = std::string("-----BEGIN RSA PRIVATE ") + "KEY-----\n" +
                            "GTd7FguoV8FWnFbB0JxXujr4qqaaABvvLOzAxzXMcU1vsHiQMaRiNTN9Ox98whGc\nTZc1UWb5fxzpF7STG7nVLe3l"
                            "ARUsRJlNONwktN9ugkZeESG61she/QAqq0nv3Vth" +
                            "\nq83vASNF\n-----END RSA PRIVATE KEY-----\n";
    const auto escaped = [](const std::string& text) {
        std::string out;
        for (const char c : text) {
            if (c == '"' || c == '\\') out += '\\';
            c == '\n' ? out += "\\n" : out += c;
        }
        return out;
    };
    std::string inside = key;
    for (std::size_t depth = 0; depth < 3; ++depth) {
        inspect(talk("", escaped(inside)));
        ASSERT_EQ(inspection_.findings.size(), 1U) << depth;
        EXPECT_EQ(inspection_.findings[0].found.depth, depth);
        std::string expected = key;
        for (std::size_t i = 0; i <= depth; ++i) expected = escaped(expected);
        EXPECT_EQ(text_of(inspection_.findings[0]).substr(0, 60), expected.substr(0, 60));
        inside = R"({"stdout":")" + escaped(inside) + R"(","code":0})";
    }
    // What only looks like an escape stays what it is.
    EXPECT_TRUE(inspect(talk("", R"(C:\\new\\table\\x \\q \\u12 )" + std::string(200, 'a'))).findings.empty());
}

TEST_F(InspectorTest, ReadsTextInBase64) {
    const auto attached = [&](const std::string& media, const std::string& bytes) {
        inspect(
            R"({"model":"m","messages":[{"role":"user","content":[{"type":"document","source":{"type":"base64","media_type":")" +
            media + R"(","data":")" + to_base64(bytes) + R"("}}]}]})");
    };
    attached("text/plain", std::string(300, ' ') + "TOKEN=" + token);
    ASSERT_EQ(inspection_.findings.size(), 1U);
    EXPECT_EQ(inspection_.findings[0].found.kind, FindingKind::secret);
    EXPECT_TRUE(text_of(inspection_.findings[0]).starts_with("ICAg"));
    attached("text/plain", "nothing of interest " + std::string(300, ' '));
    EXPECT_TRUE(inspection_.findings.empty());
    inspect(talk("data:text/x-python;base64," + to_base64("TOKEN = '" + token + "'"), "data:x;base64,"));
    ASSERT_EQ(inspection_.findings.size(), 1U);
    EXPECT_EQ(inspection_.findings[0].found.kind, FindingKind::secret);
    inspect(talk("data:application/pdf;base64," + to_base64(std::string("%PDF\0\xFF", 6)), ""));
    ASSERT_EQ(inspection_.findings.size(), 1U);
    EXPECT_EQ(inspection_.findings[0].found.kind, FindingKind::uninspected);
}

// Law 1: what left under older rules is not amended anew by newer ones, only told; what is new is.
TEST_F(InspectorTest, NewerRulesTellWhatHadLeftAndActOnWhatIsNew) {
    const auto file =
        read_rule_file("[[rules]]\nid = 'our-word'\nregex = 'orange-[0-9]{4}'\nkeywords = ['orange']\n", "own");
    ASSERT_TRUE(file);
    const auto newer = Rules::load(std::span(&*file, 1), false, rules_.get());
    ASSERT_TRUE(newer) << newer.error().message;
    EXPECT_NE((*newer)->epoch(), rules_->epoch());
    inspect(talk("orange-1234 and " + token, "orange-5678"));
    ASSERT_EQ(inspection_.findings.size(), 1U);
    for (const Departing& unit : inspection_.departing)
        memory_.leave(unit.name, {7, 2, inspection_.sequence, false, false, {}});

    Inspector later(*newer, memory_, namer_);
    const auto again = [&](const std::string& body) -> const std::vector<Finding>& {
        body_ = body;
        raw_.clear();
        raw_.append(body_);
        EXPECT_TRUE(document_.parse(raw_.view()));
        EXPECT_TRUE(dialect::read_request(*dialect::match_endpoint("POST", "/v1/messages"), document_, request_));
        later.inspect(document_, request_, 7, inspection_);
        return inspection_.findings;
    };
    const std::uint32_t then = inspection_.sequence;
    for (int turn = 0; turn < 2; ++turn) {
        const auto& findings = again(talk("orange-1234 and " + token, "orange-5678"));
        ASSERT_EQ(findings.size(), 3U) << turn;
        EXPECT_GT(findings[0].found.since, then);
        EXPECT_EQ(inspection_.rule_name(findings[0]), "our-word");
        EXPECT_EQ(findings[1].found.since, then) << "was known before";
        EXPECT_TRUE(inspection_.rule_name(findings[1]).starts_with("github")) << inspection_.rule_name(findings[1]);
        EXPECT_GT(findings[2].found.since, then);
        for (const Departing& unit : inspection_.departing) {
            ASSERT_NE(inspection_.left_to(unit, 2), nullptr);
            EXPECT_EQ(inspection_.left_to(unit, 2)->at, then);
            EXPECT_EQ(inspection_.left_to(unit, 4), nullptr);
        }
    }
    const auto& findings = again(talk("orange-1234 and " + token, "orange-9999"));
    ASSERT_EQ(findings.size(), 3U);
    EXPECT_EQ(inspection_.left_to(inspection_.departing.back(), 2), nullptr) << "has not left";
    EXPECT_EQ(later.rules()->epoch(), (*newer)->epoch());
}

TEST_F(InspectorTest, RulesAboutFilesAskWhichFileAToolRead) {
    const auto file = read_rule_file(
        "[[rules]]\nid = 'only-env'\nregex = 'orange-[0-9]{4}'\nkeywords = ['orange']\npath = '\\.env$'\n"
        "[[rules]]\nid = 'not-in-docs'\nregex = 'lemon-[0-9]{4}'\nkeywords = ['lemon']\n"
        "[[rules.allowlists]]\npaths = ['(^|/)docs/']\n",
        "own");
    ASSERT_TRUE(file) << file.error().message;
    const auto rules = Rules::load(std::span(&*file, 1), false, nullptr);
    ASSERT_TRUE(rules) << rules.error().message;
    Inspector inspector(*rules, memory_, namer_);
    const auto found_in = [&](std::string_view path, const std::string& body) {
        body_ = body;
        raw_.clear();
        raw_.append(body_);
        EXPECT_TRUE(document_.parse(raw_.view()));
        EXPECT_TRUE(dialect::read_request(*dialect::match_endpoint("POST", path), document_, request_));
        inspector.inspect(document_, request_, 7, inspection_);
        std::string names;
        for (const Finding& one : inspection_.findings) names += std::string(inspection_.rule_name(one)) + " ";
        return names;
    };
    const auto read = [](const std::string& name) {
        return R"({"model":"m","messages":[{"role":"user","content":"go"},{"role":"assistant","content":[)"
               R"({"type":"tool_use","id":"t0","name":"Read","input":{"file_path":"/x/other.txt"}},)"
               R"({"type":"tool_use","id":"t1","name":"Read","input":{"file_path":")" +
               name +
               R"("}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"orange-1234 lemon-1234"}]}]})";
    };
    EXPECT_EQ(found_in("/v1/messages", read("/x/a.env")), "only-env not-in-docs ");
    EXPECT_EQ(found_in("/v1/messages", read("/x/a.txt")), "not-in-docs ");
    EXPECT_EQ(found_in("/v1/messages", read("/x/docs/a.txt")), "");
    EXPECT_EQ(found_in("/v1/messages", read("/x/a.env")), "only-env not-in-docs ") << "the same bytes of another file";
    EXPECT_EQ(
        found_in(
            "/v1/chat/completions",
            R"({"model":"m","messages":[{"role":"user","content":"go"},{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"read_file","arguments":"{\"path\": \"b.env\"}"}}]},{"role":"tool","tool_call_id":"c1","content":"orange-4321"}]})"),
        "only-env ");
    EXPECT_EQ(
        found_in(
            "/v1/responses",
            R"({"model":"m","input":[{"role":"user","content":"go"},{"type":"function_call","call_id":"c1","name":"exec_command","arguments":"{\"cmd\":\"cat c.env\"}"},{"type":"function_call_output","call_id":"c1","output":"orange-4322"}]})"),
        "only-env ");
    EXPECT_EQ(
        found_in(
            "/v1beta/models/m:generateContent",
            R"({"contents":[{"role":"model","parts":[{"functionCall":{"id":"g1","name":"read_file","args":{"file_path":"d.env"}}}]},{"role":"user","parts":[{"functionResponse":{"id":"g1","name":"read_file","response":{"output":"orange-4323"}}}]}]})"),
        "only-env ");
}

TEST_F(InspectorTest, SaysWhatItCannotRead) {
    const std::string picture(4'000, 'A');
    inspect(
        R"({"model":"m","messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":")" +
        picture + R"("}}]}]})");
    ASSERT_EQ(inspection_.findings.size(), 1U);
    EXPECT_EQ(inspection_.findings[0].found.kind, FindingKind::uninspected);
    EXPECT_EQ(rules_->rule_name(inspection_.findings[0].found), "attachment");
}

TEST_F(InspectorTest, SeesHiddenCharactersAndTheKnownClientMarker) {
    inspect(talk("an inno\\u200bcent w\xE2\x80\x8Bord, a third\xE2\x80\x8B one", "plain"));
    ASSERT_EQ(inspection_.findings.size(), 1U);
    EXPECT_EQ(inspection_.findings[0].found.kind, FindingKind::marker);
    EXPECT_EQ(rules_->rule_name(inspection_.findings[0].found), "zero-width");
    inspect(R"({"model":"m","system":"Today\u02b9s date is 2026/11/22.","messages":[{"role":"user","content":"hi"}]})");
    ASSERT_FALSE(inspection_.findings.empty());
    bool named = false;
    for (const Finding& one : inspection_.findings)
        named = named || (rules_->rule_name(one.found) == "client-marker-host-lab-zone" &&
                          one.found.confidence == Confidence::high);
    EXPECT_TRUE(named);
    EXPECT_TRUE(
        inspect(R"({"model":"m","system":"Today's date is 2026-11-22.","messages":[{"role":"user","content":"hi"}]})")
            .findings.empty());
}

} // namespace
} // namespace sallyport::content
