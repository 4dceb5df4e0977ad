// A key that a command gives: what is taken, what is told where it fails, and that nothing of it is told.
#include "identity/ledger_key.h"

#include "base/clock.h"
#include "base/file.h"
#include "identity/installation.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <sys/stat.h>

namespace sallyport::identity {
namespace {

class LedgerKeyTest : public testing::Test {
protected:
    LedgerKeyTest() {
        std::string name = testing::TempDir() + "ledger_key_XXXXXX";
        folder_ = ::mkdtemp(name.data());
    }
    ~LedgerKeyTest() override { std::filesystem::remove_all(folder_); }
    static LedgerKeySource shell(const std::string& text) {
        LedgerKeySource out;
        out.command = {"/bin/sh", "-c", text};
        out.timeout_ms = 10'000;
        return out;
    }
    static std::string error_of(const LedgerKeySource& source) {
        const auto key = key_by_command(source);
        return key ? "a key" : key.error().message;
    }
    static LedgerKeySource cat(const std::filesystem::path& file) {
        LedgerKeySource out;
        out.command = {"/bin/cat", file};
        return out;
    }
    std::filesystem::path folder_;
};

TEST_F(LedgerKeyTest, IsWhatTheCommandPrintsAsItIs) {
    EXPECT_EQ(key_by_command(shell("printf 'a key\\n'; echo beside >&2"))->reveal(), "a key\n");
    EXPECT_EQ(key_by_command(shell("printf ''"))->reveal(), "");
    LedgerKeySource plain;
    plain.command = {"/bin/echo", "$HOME;", "*"};
    EXPECT_EQ(key_by_command(plain)->reveal(), "$HOME; *\n") << "no shell looks at its words";
}

TEST_F(LedgerKeyTest, TheCommandHasAShortEnvironmentNothingOpenAndNoStandardInput) {
    ::setenv("SALLYPORT_TEST_CANARY", "x", 1);
    auto source = shell("env | grep -v '^PWD=\\|^_=\\|^SHLVL=\\|^OLDPWD=' | sort; cat; ls /proc/self/fd | wc -l");
    source.environment = {{"GIVEN", Secret("value")}};
    EXPECT_EQ(key_by_command(source)->reveal(), "GIVEN=value\nLANG=C.UTF-8\nPATH=/usr/bin:/bin\n4\n");
}

TEST_F(LedgerKeyTest, TheSealedFileIsOnItsStandardInput) {
    ASSERT_TRUE(replace_file(folder_ / "sealed", "frpergf\n", 0600));
    auto source = shell("tr a-z n-za-m");
    source.file = folder_ / "sealed";
    EXPECT_EQ(key_by_command(source)->reveal(), "secrets\n");
    source.file = folder_ / "missing";
    EXPECT_NE(error_of(source).find("cannot open"), std::string::npos) << error_of(source);
}

TEST_F(LedgerKeyTest, AFailureShowsWhatItComplainedOfAndNothingOfItsOutput) {
    const std::string code = error_of(shell("echo CANARY; echo 'no token in slot 0' >&2; exit 3"));
    EXPECT_NE(code.find("(/bin/sh) ended with code 3; it said: no token in slot 0"), std::string::npos) << code;
    const std::string signal = error_of(shell("echo CANARY; kill -9 $$"));
    EXPECT_NE(signal.find("was ended by signal 9; it said nothing on standard error"), std::string::npos) << signal;
    const std::string large = error_of(shell("echo CANARY; head -c 100000 /dev/zero"));
    EXPECT_NE(large.find("printed more than 4096 bytes"), std::string::npos) << large;
    const std::string chatty = error_of(shell("echo CANARY; yes complaint | head -c 1000000 >&2; exit 1"));
    EXPECT_LT(chatty.size(), 3'000u);
    for (const auto& told : {code, signal, large, chatty}) EXPECT_EQ(told.find("CANARY"), std::string::npos);
    LedgerKeySource missing;
    missing.command = {"/no/such/program"};
    EXPECT_NE(error_of(missing).find("(/no/such/program) cannot be run: No such file"), std::string::npos);
}

TEST_F(LedgerKeyTest, WhatTakesTooLongIsKilledWithWhatItBegan) {
    auto source = shell("echo half; sleep 600 & echo $! >&2; wait");
    source.timeout_ms = 300;
    const std::int64_t begun_ms = monotonic_ms();
    const std::string told = error_of(source);
    EXPECT_LT(monotonic_ms() - begun_ms, 30'000);
    EXPECT_NE(told.find("did not end within 300 ms and was killed; it said: "), std::string::npos) << told;
    const std::string pid = told.substr(told.rfind(' ') + 1);
    for (int tries = 0; tries < 1'000 && ::kill(std::stoi(pid), 0) == 0; ++tries) ::usleep(5'000);
    EXPECT_NE(::kill(std::stoi(pid), 0), 0) << pid;
    source = shell("exec >&- 2>&-; sleep 600"); // closes both, and goes on
    source.timeout_ms = 300;
    EXPECT_NE(error_of(source).find("did not end"), std::string::npos);
}

TEST_F(LedgerKeyTest, AnInstallationTakesItFromAnywhere) {
    const auto data = folder_ / "data", elsewhere = folder_ / "hsm";
    std::string vkey;
    {
        const auto first = Installation::open(data, Tenancy::gateway);
        ASSERT_TRUE(first) << first.error().message;
        vkey = first->ledger_signer()->verifier().text();
    }
    std::filesystem::rename(data / "ledger.key", elsewhere);
    LedgerKeySource file;
    file.file = elsewhere;
    for (const LedgerKeySource& source : {file, cat(elsewhere)}) {
        const auto opened = Installation::open(data, Tenancy::gateway, source);
        ASSERT_TRUE(opened) << opened.error().message;
        EXPECT_EQ(opened->ledger_signer()->verifier().text(), vkey);
        EXPECT_FALSE(opened->has_key_left_behind());
        EXPECT_FALSE(std::filesystem::exists(data / "ledger.key"));
    }
    std::filesystem::copy_file(elsewhere, data / "ledger.key");
    EXPECT_TRUE(Installation::open(data, Tenancy::gateway, cat(elsewhere))->has_key_left_behind());
    std::filesystem::permissions(elsewhere, std::filesystem::perms::all);
    EXPECT_FALSE(Installation::open(data, Tenancy::gateway, file)) << "others may read it";
}

TEST_F(LedgerKeyTest, AVisitorRunsNoCommandButKnowsTheKeys) {
    const auto data = folder_ / "data";
    const std::string vkey = Installation::open(data, Tenancy::gateway)->ledger_signer()->verifier().text();
    const auto visitor = Installation::open(data, Tenancy::visitor, shell("echo ran > " + (folder_ / "ran").string()));
    ASSERT_TRUE(visitor) << visitor.error().message;
    EXPECT_EQ(visitor->ledger_signer(), nullptr);
    EXPECT_EQ(visitor->ledger_keys().back().text(), vkey);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "ran"));
    std::filesystem::remove(data / "ledger-keys"); // nobody knows it yet
    const auto first = Installation::open(data, Tenancy::visitor, cat(data / "ledger.key"));
    EXPECT_EQ(first->ledger_keys().back().text(), vkey);
}

TEST_F(LedgerKeyTest, AKeyOfAnotherLedgerIsRefusedAndANewOneIsLaidBeside) {
    const auto data = folder_ / "data", other = folder_ / "other";
    ASSERT_TRUE(Installation::open(other, Tenancy::gateway));
    auto opened = Installation::open(data, Tenancy::gateway, cat(other / "ledger.key"));
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().message.find("and this installation's ledger is sallyport/"), std::string::npos)
        << opened.error().message;
    EXPECT_EQ(opened.error().message.find("PRIVATE"), std::string::npos);
    opened = Installation::open(data, Tenancy::gateway, shell("echo PRIVATE+KEY+CANARY"));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().message.find("CANARY"), std::string::npos) << opened.error().message;

    ASSERT_TRUE(Installation::open(data, Tenancy::gateway));
    opened = Installation::open(data, Tenancy::gateway, cat(data / "ledger.key"));
    ASSERT_TRUE(opened) << opened.error().message;
    const auto fresh = crypto::NoteSigner::generate(opened->ledger_signer()->verifier().name());
    const auto file = opened->take_ledger_signer(*fresh);
    ASSERT_TRUE(file);
    EXPECT_EQ(*file, data / "ledger.key.next");
    EXPECT_EQ(Installation::open(data, Tenancy::visitor, cat(*file))->ledger_keys().back().text(),
              fresh->verifier().text());
}

} // namespace
} // namespace sallyport::identity
