#include "egress/receipts.h"

#include <gtest/gtest.h>

namespace sallyport::egress {
namespace {

TEST(Receipts, KeepACredentialInAPathToThemselves) {
    EXPECT_EQ("/v1/(credential)/x", path_shown("/v1/ghp_abcdefghijklmnopqrstuvwxyz0123456789/x"));
    EXPECT_EQ("/a/b.tgz", path_shown("/a/b.tgz"));
    EXPECT_LE(path_shown("/" + std::string(10'000, 'a')).size(), 600u);
}

TEST(Receipts, SumUpARun) {
    auto receipts = *Receipts::open({}, Secret(std::string(32, 'k')));
    EXPECT_EQ("0 hosts, none refused", receipts->summary());
    Contact contact;
    contact.host = "a.example";
    ASSERT_TRUE(receipts->opened(contact));
    contact.sent_bytes = 7;
    receipts->closed(contact);
    Contact no;
    no.host = "ads.example";
    no.reason = "it only counts people";
    receipts->refused(no);
    receipts->refused(no);
    EXPECT_EQ("2 hosts, 1 refused: ads.example (2 times: it only counts people)", receipts->summary());
    EXPECT_EQ(7u, receipts->hosts().at("a.example").sent_bytes);
}

TEST(Receipts, AreBoundedInMemory) {
    auto receipts = *Receipts::open({}, Secret(std::string(32, 'k')));
    for (int i = 0; i < 3'000; ++i) {
        Contact contact;
        contact.host = "h" + std::to_string(i);
        receipts->refused(contact);
    }
    EXPECT_LE(receipts->hosts().size(), 1'025u);
}

TEST(Receipts, WhatCannotBeWrittenLetsNothingThrough) {
    auto receipts = Receipts::open("/dev/full", Secret(std::string(32, 'k')));
    ASSERT_TRUE(receipts);
    Contact contact;
    contact.host = "a.example";
    EXPECT_FALSE((*receipts)->opened(contact));
    EXPECT_NE("", (*receipts)->problem());
    EXPECT_NE(std::string::npos, (*receipts)->summary().find("could not be written"));
}

} // namespace
} // namespace sallyport::egress
