// Law 7: whatever a launcher states, a binding that the policy does not trust decides nothing that a claim would not, and one that it
// trusts only says how the repository is known, which tier it is, and a version that the client itself does not tell.
#include "gateway/bound.h"

#include "policy/decide.h"
#include "policy/document.h"
#include "policy/names.h"
#include "policy/synthetic.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

namespace sallyport::gateway {
namespace {

constexpr std::size_t rules = 400, requests = 3'000;

bool same(const policy::Plan& a, const policy::Plan& b) {
    const auto listed = [](const policy::Plan& one) {
        return std::vector(one.upstreams.begin(), one.upstreams.begin() + one.upstream_count);
    };
    return a.decision == b.decision && a.effective_class == b.effective_class && a.refused_by == b.refused_by &&
           a.rule == b.rule && listed(a) == listed(b);
}

// Whether `b` lets through what `a` does not, or lets it through as less closed. (What is refused has the class of what it is refused for.)
bool looser(const policy::Plan& a, const policy::Plan& b) {
    if (b.decision == policy::Decision::refuse) return false;
    if (b.effective_class < a.effective_class) return true;
    const auto of = std::span(a.upstreams).first(a.upstream_count);
    return std::ranges::any_of(std::span(b.upstreams).first(b.upstream_count),
                               [&](std::uint16_t one) { return std::ranges::find(of, one) == of.end(); });
}

class BoundTest : public testing::Test {
protected:
    std::shared_ptr<const policy::Policy> policy =
        policy::load_text(policy::synthetic_policy(rules, 7), "policy.yaml").policy;
    std::vector<policy::SyntheticRequest> made = policy::synthetic_requests(requests, rules, 11);
    std::mt19937_64 random{13};

    identity::Statement statement(const policy::SyntheticRequest& request) {
        const auto some = [&](std::vector<std::string> of) { return of[random() % of.size()]; };
        identity::Statement out;
        out.repository = some({request.repository, "", made[random() % made.size()].repository});
        out.client = some({request.client, "", made[random() % made.size()].client});
        out.version = some({request.version, "", "99.0.0", "0.0.1"});
        out.commit = some({"", std::string(40, 'a')});
        out.root = some({"", std::string(40, 'b')});
        out.digest = some({"", "sha256:" + std::string(64, '0')});
        out.tier = some({"A", "B", "C"})[0];
        return out;
    }
    // As the gateway does it: the binding's repository is claimed, then judged.
    policy::Plan decide(const policy::SyntheticRequest& request, const identity::Statement* bound, bool trusts_user,
                        policy::Facts* used = nullptr) {
        const policy::Launchers launchers{.trusts_user = trusts_user};
        policy::Facts facts = request.facts();
        std::vector<std::string_view> claimed;
        if (bound != nullptr && !bound->repository.empty()) claimed.push_back(bound->repository);
        if (!request.repository.empty() && std::ranges::find(claimed, request.repository) == claimed.end())
            claimed.push_back(request.repository);
        if (claimed.empty()) claimed.emplace_back();
        std::vector<std::uint16_t> all(policy->upstreams().size());
        std::iota(all.begin(), all.end(), std::uint16_t{0});
        if (bound != nullptr) take_bound(*bound, launchers, facts);
        const bool is_bound = bound != nullptr && bound_comes_first(*bound, launchers, claimed);
        if (!is_bound) std::swap(claimed.front(), claimed[policy::strictest_claim(*policy, facts, claimed, all)]);
        facts.repository = claimed.front();
        facts.evidence = is_bound                   ? policy::Evidence::bound
                         : facts.repository.empty() ? policy::Evidence::none
                                                    : policy::Evidence::claimed;
        facts.also_claimed = std::span(claimed).subspan(1);
        if (used != nullptr) *used = facts;
        return policy::decide(*policy, facts, all);
    }
};

TEST_F(BoundTest, WhatIsNotTrustedLoosensNothing) {
    ASSERT_NE(nullptr, policy);
    std::size_t told_apart = 0;
    for (const auto& request : made) {
        const identity::Statement bound = statement(request);
        const policy::Plan without = decide(request, nullptr, false), with = decide(request, &bound, false);
        // With a repository of its own, it is one more claim beside what is claimed already: that narrows.
        const bool is_more = !request.repository.empty();
        if (is_more || bound.repository.empty())
            EXPECT_FALSE(looser(without, with)) << bound.repository << " " << request.repository;
        told_apart += !same(without, with);
        // Nothing of it but the repository counts at all.
        identity::Statement bare;
        bare.repository = bound.repository;
        bare.tier = 'C';
        EXPECT_TRUE(same(decide(request, &bare, false), with));
    }
    EXPECT_GT(told_apart, requests / 20) << "or the test looked at nothing";
}

TEST_F(BoundTest, WhatIsTrustedSaysOnlyWhatABoundClaimMay) {
    std::size_t bound_ones = 0;
    for (const auto& request : made) {
        const identity::Statement bound = statement(request);
        policy::Facts facts;
        const policy::Plan with = decide(request, &bound, true, &facts);
        const policy::Facts plain = request.facts();
        EXPECT_EQ(plain.client, facts.client);
        EXPECT_EQ(plain.model, facts.model);
        EXPECT_EQ(plain.key_max_class, facts.key_max_class);
        EXPECT_EQ(plain.class_floor, facts.class_floor);
        EXPECT_EQ(plain.account, facts.account);
        if (!plain.client_version.empty() || plain.client != bound.client)
            EXPECT_EQ(plain.client_version, facts.client_version);
        EXPECT_EQ(tier_of(bound), facts.tier);
        EXPECT_EQ(bound.repository.empty(), facts.evidence != policy::Evidence::bound);
        bound_ones += facts.evidence == policy::Evidence::bound;
        // Commit, root and digest decide nothing.
        identity::Statement other = bound;
        other.commit = other.root = other.digest = "";
        EXPECT_TRUE(same(decide(request, &other, true), with));
        // A repository that is claimed besides narrows what the binding alone would give.
        policy::SyntheticRequest silent = request;
        silent.repository = "";
        if (!bound.repository.empty()) EXPECT_FALSE(looser(decide(silent, &bound, true), with));
    }
    EXPECT_GT(bound_ones, requests / 3);
}

TEST_F(BoundTest, OfAnotherRepositoryClientOrVersionIsSaid) {
    identity::Statement bound;
    bound.repository = "git.acme.example/web/site";
    bound.client = "claude-code";
    bound.version = "2.1.330";
    const auto foreign = [&](std::string_view repository, identity::Client client) {
        http::RequestHead head;
        if (!repository.empty()) head.fields.add("x-sallyport-repository", repository);
        return foreign_to(bound, head, client);
    };
    EXPECT_EQ("", foreign("", {"claude-code", "2.1.330"}));
    EXPECT_EQ("", foreign("https://git.acme.example/web/site.git", {"claude-code", ""}));
    EXPECT_EQ("", foreign("", {}));
    EXPECT_NE("", foreign("git.acme.example/web", {"claude-code", "2.1.330"}));
    EXPECT_NE("", foreign("..", {"claude-code", "2.1.330"}));
    EXPECT_NE("", foreign("", {"codex", "2.1.330"}));
    EXPECT_NE("", foreign("", {"claude-code", "2.1.33"}));
    bound.client = bound.version = "";
    EXPECT_EQ("", foreign("", {"codex", "0.169.0"})) << "of any program";
}

} // namespace
} // namespace sallyport::gateway
