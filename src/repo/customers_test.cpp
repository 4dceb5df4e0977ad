#include "repo/customers.h"

#include <gtest/gtest.h>

namespace sallyport::repo {
namespace {

const std::vector<std::string> names = {"Acme Bank", "Globex", "M\u00fcller & Sons"};

std::string found_in(std::string_view text) {
    std::string out;
    for (const auto& one : CustomerNames(names).find(text))
        out += std::to_string(one.name) + "@" + std::to_string(one.begin) + " ";
    return out;
}

TEST(Customers, AreFoundAsWholeWordsWithoutCase) {
    for (const std::string_view text :
         {"Acme Bank", "acme bank", "ACME_BANK_ID", "acme-bank/a.c", "acme.bank", "acmebank", "AcmeBank"})
        EXPECT_EQ(found_in(text), "0@0 ") << text;
    for (const std::string_view text :
         {"acmebanker", "acme", "acme of bank", "pacme bank", "AcmeBankId", "acme = bank", ""})
        EXPECT_EQ(found_in(text), "") << text;
}

TEST(Customers, MayStandOverTheEndOfALine) {
    EXPECT_EQ(found_in("for Acme\n * Bank"), "0@4 ");
    EXPECT_EQ(found_in("Acme" + std::string(100, ' ') + "Bank"), "");
}

TEST(Customers, EachIsToldOnceInTheOrderOfTheText) {
    EXPECT_EQ(found_in("globex, acme bank, Globex; M\u00fcller & Sons"), "1@0 0@8 2@27 ");
}

TEST(Customers, NoneAreFoundWhereNoneAreNamed) { EXPECT_TRUE(CustomerNames({}).find("Acme Bank").empty()); }

} // namespace
} // namespace sallyport::repo
