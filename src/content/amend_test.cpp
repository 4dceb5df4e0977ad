#include "content/amend.h"

#include "base/buffer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace sallyport::content {
namespace {

// Made up; their checksums hold.
const std::string token = std::string("ghp_") + "IqIMNOZH6z0wIEB4T9A2g4EHMy8Ji4" + "0jlb6i";

std::string json_text(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '\n')
            out += "\\n";
        else
            out += c;
    }
    return out + '"';
}

class AmenderTest : public testing::Test {
protected:
    static void SetUpTestSuite() {
        auto rules = Rules::built_in();
        ASSERT_TRUE(rules) << rules.error().message;
        rules_ = *rules;
    }
    static void TearDownTestSuite() { rules_.reset(); }

    static constexpr std::uint32_t secrets = 7;
    Result<std::string> amend(const std::string& body, Amending what) {
        raw_.clear();
        raw_.append(body);
        EXPECT_TRUE(document_.parse(raw_.view())) << body;
        EXPECT_TRUE(dialect::read_request(*dialect::match_endpoint("POST", "/v1/messages"), document_, request_));
        inspector_.inspect(document_, request_.units, 7, inspection_);
        std::string out;
        const auto made = amender_.amend(document_, request_, inspection_, what, out);
        if (!made) return std::unexpected(made.error());
        return out;
    }
    std::string redacted(const std::string& body) {
        auto made = amend(body, {.redact = secrets});
        EXPECT_TRUE(made) << made.error().message;
        return made.value_or("");
    }

    static inline std::shared_ptr<const Rules> rules_;
    crypto::UnitNamer namer_{std::string(32, 'k'), "test"};
    crypto::Mac key_{Secret(std::string(32, 'k'))};
    Amender amender_{key_};
    UnitMemory memory_{10'000};
    Inspector inspector_{rules_, memory_, namer_};
    Buffer raw_;
    json::Document document_;
    dialect::Request request_;
    Inspection inspection_;
};

std::string talk(const std::vector<std::string>& texts) {
    std::string body = R"({"model":"m","messages":[)";
    for (std::size_t i = 0; i < texts.size(); ++i)
        body += (i == 0 ? "" : ",") + std::string(R"({"role":"user","content":[{"type":"text","text":)") +
                json_text(texts[i]) + "}]}";
    return body + R"(],"max_tokens":9})";
}

TEST_F(AmenderTest, ReplacesJustTheSecret) {
    const std::string body = talk({"before", "x = \"" + token + "\"\nafter"});
    std::string left = redacted(body);
    const auto at = left.find("[[sallyport:");
    ASSERT_NE(at, std::string::npos) << left;
    const auto end = left.find("]]", at) + 2;
    left.replace(at, end - at, token);
    EXPECT_EQ(left, body);
    EXPECT_EQ(redacted(talk({"nothing"})), talk({"nothing"}));
}

TEST_F(AmenderTest, IsIdempotentAndItsPlaceholdersAreNoSecrets) {
    for (const std::string around :
         {"TOKEN=\"{}\"", "password: {}", "Authorization: Bearer {}", "https://ada:{}@h.example/x", "api_key = '{}'",
          "export GITHUB_TOKEN={}\n", "\"secret\": \"{}\",", "{}"}) {
        std::string text = around;
        text.replace(text.find("{}"), 2, token);
        const std::string once = redacted(talk({text}));
        EXPECT_EQ(once.find(token), std::string::npos) << around;
        EXPECT_EQ(redacted(once), once) << around;
    }
}

// Law 1: what left in earlier turns leaves so again, whatever comes behind it.
TEST_F(AmenderTest, AConversationThatGrowsKeepsEveryEarlierByte) {
    std::mt19937 random(7);
    const std::vector<std::string> pieces = {" " + token + " ",
                                             " and ",
                                             "\n",
                                             "\"",
                                             "\\",
                                             "password = \"hunter2hunter2\"",
                                             "\xC3\xA4",
                                             "x",
                                             "key: ",
                                             "AKIA"
                                             "QYLPMN5HFIQR7XYA",
                                             " "};
    for (int round = 0; round < 100; ++round) {
        std::vector<std::string> texts;
        std::string earlier;
        for (int turn = 0; turn < 6; ++turn) {
            std::string text;
            for (auto i = random() % 8; i > 0; --i) text += pieces[random() % pieces.size()];
            texts.push_back(text);
            const std::string left = redacted(talk(texts));
            ASSERT_EQ(left.find(token), std::string::npos);
            const std::string kept = left.substr(0, left.rfind("],\"max_tokens\""));
            ASSERT_TRUE(kept.starts_with(earlier)) << left;
            earlier = kept;
        }
    }
}

TEST_F(AmenderTest, WithholdsTheWholeTextOnce) {
    const std::string body = talk({"one " + token + " two " + token + "\nthree", "kept"});
    const auto left = amend(body, {.redact = 0, .withhold = secrets});
    ASSERT_TRUE(left);
    EXPECT_EQ(left->find("three"), std::string::npos);
    EXPECT_NE(left->find("kept"), std::string::npos);
    const auto said = left->find("[Sallyport withheld this text");
    ASSERT_NE(said, std::string::npos);
    EXPECT_EQ(left->find("[Sallyport withheld this text", said + 1), std::string::npos);
}

// A password that only its first surroundings gave away.
TEST_F(AmenderTest, WhatWasRedactedOnceIsRedactedWhereverItStandsLater) {
    const std::string said = "Kx9mQ2vL7wTz", first = "password = \"" + said + "\"";
    const auto count = [](const std::string& text, const std::string& word) {
        std::size_t found = 0;
        for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++found;
        return found;
    };
    const std::string before = redacted(talk({"is " + said + " good?", "no", first}));
    EXPECT_EQ(count(before, said), 1U) << "what had left stays: " << before;
    const std::string after = redacted(talk({"is " + said + " good?", "no", first, "so " + said + ", and " + said}));
    EXPECT_EQ(count(after, said), 1U) << after;
    EXPECT_EQ(count(after, "[[sallyport:"), 3U) << after;
    EXPECT_TRUE(after.starts_with(before.substr(0, before.find("],\"max_tokens\"")))) << after;
}

TEST_F(AmenderTest, RedactsWhatStandsInEscapesUnderTheNameOfItsText) {
    const std::string key = std::string("-----BEGIN RSA PRIVATE ") + "KEY-----\n" +
                            "GTd7FguoV8FWnFbB0JxXujr4qqaaABvvLOzAxzXMcU1vsHiQMaRiNTN9Ox98whGc\nTZc1UWb5fxzpF7STG7nVLe3l"
                            "ARUsRJlNONwktN9ugkZeESG61she/QAqq0nv3Vth" +
                            "\nq83vASNF\n-----END RSA PRIVATE KEY-----";
    const auto name_in = [](const std::string& text) {
        const auto at = text.find("[[sallyport:");
        return at == std::string::npos ? text : text.substr(at, text.find("]]", at) + 2 - at);
    };
    const std::string plain = redacted(talk({key})), nested = redacted(talk({R"({"out":)" + json_text(key) + "}"}));
    EXPECT_EQ(name_in(plain), name_in(nested));
    EXPECT_EQ(nested.find("GTd7Fguo"), std::string::npos) << nested;
    Buffer raw;
    raw.append(nested);
    json::Document document;
    EXPECT_TRUE(document.parse(raw.view())) << nested;
}

TEST_F(AmenderTest, WithholdsAnAttachmentAsATextOfTheDialect) {
    const std::string body =
        R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"what is this?"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":")" +
        std::string(400, 'A') + R"("},"cache_control":{"type":"ephemeral"}},{"type":"text","text":"well?"}]}]})";
    const auto left = amend(body, {.redact = 0, .withhold = 7u << 9});
    ASSERT_TRUE(left) << left.error().message;
    EXPECT_EQ(left->find("AAAA"), std::string::npos);
    EXPECT_NE(
        left->find(
            R"("text":"what is this?"},{"type":"text","text":"[Sallyport withheld this text: it holds what cannot be)"),
        std::string::npos)
        << *left;
    EXPECT_NE(left->find(R"(},{"type":"text","text":"well?"}]}]})"), std::string::npos);
}

TEST_F(AmenderTest, RefusesWhereNothingCanBePutInItsPlace) {
    const auto why = [&](const std::string& body) {
        const auto made = amend(body, {.redact = secrets});
        return made ? std::string("amended") : made.error().message;
    };
    const std::string head = R"({"model":"m","messages":[{"role":"assistant","content":[)", tail = "]}]}";
    EXPECT_NE(
        why(head + R"({"type":"thinking","thinking":")" + token + R"(","signature":"c2ln"})" + tail).find("signed"),
        std::string::npos);
    EXPECT_NE(
        why(head + R"({"type":"tool_use","id":")" + token + R"(","name":"n","input":{}})" + tail).find("protocol"),
        std::string::npos);
    EXPECT_NE(why(head + R"({"type":"text","text":"x",")" + token + R"(":1})" + tail).find("a name"),
              std::string::npos);
    EXPECT_EQ(why(head + R"({"type":"tool_use","id":"i","name":"n","input":{"cmd":["echo )" + token + R"("]}})" + tail),
              "amended");
    EXPECT_EQ(why(head + R"({"type":"text","text":")" + token + R"("})" + tail).find(token), std::string::npos);
}

} // namespace
} // namespace sallyport::content
