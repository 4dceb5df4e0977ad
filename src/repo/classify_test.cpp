#include "repo/classify.h"

#include <gtest/gtest.h>

namespace sallyport::repo {
namespace {

constexpr std::string_view mit =
    "MIT License\n\nCopyright (c) 2026 Acme\n\nPermission is hereby granted, free of charge, to\n"
    "any person obtaining a copy of this software\n";
constexpr std::string_view tagged = "// SPDX-License-Identifier: MIT\nint main() {}\n";

RepositoryFacts facts_of(std::string_view host,
                         std::initializer_list<std::pair<std::string_view, std::string_view>> files) {
    RepositoryFacts facts;
    facts.remote_host = host;
    for (const auto& [path, text] : files) look_at_file(path, text, facts);
    return facts;
}
ProposedClass class_of(std::string_view host,
                       std::initializer_list<std::pair<std::string_view, std::string_view>> files) {
    return propose(facts_of(host, files)).cls;
}

TEST(Classify, AnOpenLicenceAndAPublicForgeMakeOpenSource) {
    EXPECT_EQ(class_of("github.com", {{"LICENSE", mit}, {"a.c", "int a;\n"}}), ProposedClass::open_source);
    EXPECT_EQ(class_of("codeberg.org", {{"a.c", tagged}, {"b.c", tagged}}), ProposedClass::open_source);
}

TEST(Classify, EitherAloneDoesNot) {
    for (const std::string_view host : {"", "local", "git.acme.example", "github.com.acme.example"})
        EXPECT_EQ(class_of(host, {{"LICENSE", mit}}), ProposedClass::internal) << host;
    EXPECT_EQ(class_of("github.com", {{"a.c", "int a;\n"}}), ProposedClass::internal);
    EXPECT_EQ(class_of("github.com", {{"a.c", tagged}, {"b.c", "int b;\n"}}), ProposedClass::internal)
        << "half of the sources name a licence";
}

TEST(Classify, OneFileThatIsNotOpenSpoilsIt) {
    for (const auto& [path, text] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
             {"b.c", "// SPDX-License-Identifier: LicenseRef-Acme\n"},
             {"LICENSE-EE", "Do with it what your contract says.\n"},
             {"b.c", "// Copyright Acme. All rights reserved.\n"}}) {
        EXPECT_EQ(class_of("github.com", {{"LICENSE", mit}, {path, text}}), ProposedClass::internal) << path;
    }
}

TEST(Classify, TheStrictestReasonWinsAndAllAreTold) {
    RepositoryFacts facts = facts_of("github.com", {{"LICENSE", mit}});
    facts.customers.add("a/acme-bank.md", 0, "Acme Bank");
    EXPECT_EQ(propose(facts).cls, ProposedClass::customer);
    facts.likely_secrets.add("deploy.env", 3, "github-pat");
    EXPECT_EQ(propose(facts).cls, ProposedClass::secret_bearing);
    look_at_file("engine.c", "/* This file contains trade secrets of Acme. */\n", facts);
    const Proposal proposal = propose(facts);
    EXPECT_EQ(proposal.cls, ProposedClass::trade_secret);
    ASSERT_EQ(proposal.reasons.size(), 4u);
    EXPECT_EQ(proposal.reasons[0].evidence.first.front(), (Sighting{"engine.c", 1, "trade secret"}));
    EXPECT_EQ(proposal.reasons[1].at_least, ProposedClass::secret_bearing);
    EXPECT_EQ(proposal.reasons[2].at_least, ProposedClass::customer);
    EXPECT_EQ(proposal.reasons[3].at_least, ProposedClass::open_source);
}

TEST(Classify, WhereNothingTellsItSaysSo) {
    const Proposal proposal = propose(facts_of("", {{"a.c", "int a;\n"}}));
    EXPECT_EQ(proposal.cls, ProposedClass::internal);
    ASSERT_EQ(proposal.reasons.size(), 1u);
    EXPECT_EQ(proposal.reasons[0].sentence, "nothing was found that tells its class, in 1 files");
}

TEST(Classify, ACompanysForgeIsAReason) {
    const Proposal proposal = propose(facts_of("git.acme.example", {{"a.c", "int a;\n"}}));
    ASSERT_EQ(proposal.reasons.size(), 1u);
    EXPECT_NE(proposal.reasons[0].sentence.find("git.acme.example"), std::string::npos);
}

TEST(Classify, KeepsFewSightingsAndCountsAll) {
    Sightings many;
    for (std::uint32_t i = 1; i <= 100; ++i) many.add("a", i, "x");
    EXPECT_EQ(many.count, 100u);
    EXPECT_EQ(many.first.size(), sightings_kept_max);
    EXPECT_EQ(many.first.front().line, 1u);
}

} // namespace
} // namespace sallyport::repo
