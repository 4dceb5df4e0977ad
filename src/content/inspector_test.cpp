#include "content/inspector.h"

#include "base/buffer.h"

#include <gtest/gtest.h>

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
        inspector_.inspect(document_, request_.units, inspection_);
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
    inspector_.inspect_beside("a: b\nc: " + token, true, inspection_);
    ASSERT_EQ(inspection_.findings.size(), 1U);
    EXPECT_EQ(inspection_.findings[0].found.end, 0U);
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
