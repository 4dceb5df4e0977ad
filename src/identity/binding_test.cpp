// Bindings are good for their holder, for one request, for a while.
#include "identity/binding.h"

#include "base/limits.h"

#include <gtest/gtest.h>

namespace sallyport::identity {
namespace {

constexpr std::int64_t now = 1'800'000'000'000;

Binding some() {
    Binding out;
    out.id = "b_1";
    out.key = "k_1";
    out.person = "p_1";
    out.repository = "git.acme.example/web/site";
    out.commit = std::string(40, 'a');
    out.client = "claude-code";
    out.version = "2.1.330";
    out.digest = "sha256:" + std::string(64, '0');
    out.tier = 'A';
    out.from_ms = now;
    out.until_ms = now + limits::binding_ms;
    return out;
}
const Proven request{"POST", "/v1/messages?beta=true", crypto::sha256("a body")};

class BindingTest : public testing::Test {
protected:
    const Bindings bindings{Secret(std::string(32, 'k'))};
    const Bindings::Issued issued = bindings.issue(some());
    BindingProblem problem(std::string_view text, std::string_view proof, const Proven& of = request,
                           std::int64_t at = now) {
        return bindings.check(text, proof, of, at).problem;
    }
};

TEST_F(BindingTest, TheHolderIsKnownAndWhatWasStatedComesBack) {
    const auto check = bindings.check(issued.text, prove(issued.secret, request, now), request, now);
    ASSERT_EQ(BindingProblem::none, check.problem);
    EXPECT_EQ(statement_text(some()), statement_text(check.binding));
    EXPECT_EQ("k_1", check.binding.key);
    EXPECT_EQ("p_1", check.binding.person);
}

TEST_F(BindingTest, AStolenOneIsWorthNothingWithoutTheSecret) {
    EXPECT_EQ(BindingProblem::no_proof, problem(issued.text, ""));
    EXPECT_EQ(BindingProblem::foreign_proof, problem(issued.text, prove(Secret(std::string(64, '0')), request, now)));
    Binding other = some();
    other.id = "b_2";
    EXPECT_EQ(BindingProblem::foreign_proof, problem(issued.text, prove(bindings.issue(other).secret, request, now)));
}

TEST_F(BindingTest, AProofIsOfOneRequestAndOneMinute) {
    const std::string proof = prove(issued.secret, request, now);
    for (const Proven& other :
         {Proven{"GET", request.target, request.body}, Proven{"POST", "/v1/messages", request.body},
          Proven{"POST", request.target, crypto::sha256("another body")}})
        EXPECT_EQ(BindingProblem::foreign_proof, problem(issued.text, proof, other));
    EXPECT_EQ(BindingProblem::none, problem(issued.text, proof, request, now + limits::binding_proof_ms_max));
    EXPECT_EQ(BindingProblem::stale_proof,
              problem(issued.text, proof, request, now + limits::binding_proof_ms_max + 1));
    EXPECT_EQ(BindingProblem::stale_proof,
              problem(issued.text, proof, request, now - limits::binding_proof_ms_max - 1));
}

TEST_F(BindingTest, ItExpires) {
    const std::int64_t end = now + limits::binding_ms;
    EXPECT_EQ(BindingProblem::none, problem(issued.text, prove(issued.secret, request, end - 1), request, end - 1));
    EXPECT_EQ(BindingProblem::expired, problem(issued.text, prove(issued.secret, request, end), request, end));
}

TEST_F(BindingTest, NothingOfItCanBeChanged) {
    const std::string proof = prove(issued.secret, request, now);
    for (std::size_t i = 0; i < issued.text.size(); ++i) {
        std::string changed = issued.text;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        EXPECT_NE(BindingProblem::none, problem(changed, proof)) << i;
    }
    EXPECT_EQ(BindingProblem::unreadable, problem(Bindings(Secret(std::string(32, 'x'))).issue(some()).text, proof));
    EXPECT_EQ(BindingProblem::unreadable, problem("", proof));
}

TEST_F(BindingTest, AStatementIsReadStrictly) {
    ASSERT_TRUE(read_statement(statement_text(some())));
    for (const char* one :
         {"", "[]", "{}", R"({"tier":"D"})", R"({"tier":"A","tier":"A"})", R"({"tier":"A","person":"p_1"})",
          R"({"tier":"A","commit":"HEAD"})", R"({"tier":"A","digest":"md5:0"})", R"({"tier":"A","client":7})",
          R"({"tier":"A","client":"a b"})", R"({"tier":"A","version":"1\n2"})",
          R"({"tier":"A"} )"
          "{}"})
        EXPECT_FALSE(read_statement(one)) << one;
    EXPECT_FALSE(read_statement(R"({"tier":"A","repository":")" + std::string(513, 'r') + "\"}"));
}

} // namespace
} // namespace sallyport::identity
