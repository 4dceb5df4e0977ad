#include "repo/identity.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::repo {
namespace {

using namespace std::string_view_literals;

std::string normal(std::string_view remote) { return normalise_remote(remote).value_or("(none)"); }

TEST(Remote, EveryFormOfOneRepositoryIsOneName) {
    for (const std::string_view remote : {"https://git.acme.example/core/engine",
                                          "https://git.acme.example/core/engine.git",
                                          "https://git.acme.example/core/engine.git/",
                                          "https://git.acme.example/core/engine///",
                                          "http://git.acme.example:8080/core/engine",
                                          "HTTPS://GIT.Acme.Example/core/engine",
                                          "https://dev@git.acme.example/core/engine",
                                          "https://dev:s3cret@git.acme.example/core/engine.git",
                                          "https://oauth2:t@ken@git.acme.example/core/engine",
                                          "ssh://git@git.acme.example/core/engine",
                                          "ssh://git@git.acme.example:2222/core/engine.git",
                                          "git@git.acme.example:core/engine.git",
                                          "git.acme.example:core/engine",
                                          "git@git.acme.example:/core/engine",
                                          "git://git.acme.example/core/engine.git",
                                          "git+ssh://git@git.acme.example/core/engine",
                                          "https://git.acme.example./core/engine",
                                          "https://git.acme.example/core/%65ngine",
                                          "https://git.acme.example/core/engine?ref=x#y",
                                          "git.acme.example/core/engine"})
        EXPECT_EQ(normal(remote), "git.acme.example/core/engine") << remote;
}

TEST(Remote, ThePathKeepsItsCaseAndDepth) {
    EXPECT_EQ(normal("https://github.com/Acme/WebSite"), "github.com/Acme/WebSite");
    EXPECT_EQ(normal("git@gitlab.com:a/b/c/d.git"), "gitlab.com/a/b/c/d");
    EXPECT_EQ(normal("https://github.com/acme/x.github.io"), "github.com/acme/x.github.io");
    EXPECT_EQ(normal("https://dev.azure.com/acme/My%20Project/_git/repo"), "dev.azure.com/acme/My Project/_git/repo");
}

TEST(Remote, OtherHostsStayAsTheyAre) {
    EXPECT_EQ(normal("https://b\u00fccher.example/a/b"), "b\u00fccher.example/a/b");
    EXPECT_EQ(normal("https://10.0.0.7:3000/a/b"), "10.0.0.7/a/b");
    EXPECT_EQ(normal("ssh://git@[2001:DB8::1]:22/a/b"), "[2001:db8::1]/a/b");
    EXPECT_EQ(normal("git@[2001:db8::1]:a/b"), "[2001:db8::1]/a/b");
}

TEST(Remote, LocalPathsAreUnderOneHost) {
    EXPECT_EQ(normal("file:///srv/git/engine.git"), "local/srv/git/engine");
    EXPECT_EQ(normal("/srv/git/engine.git"), "local/srv/git/engine");
}

TEST(Remote, ANormalNameStaysAsItIs) {
    for (const std::string_view name :
         {"git.acme.example/core/engine", "github.com/Acme/x", "local/srv/git/x", "[2001:db8::1]/a/b"})
        EXPECT_EQ(normal(name), name);
}

TEST(Remote, HostileAndBrokenOnesAreNone) {
    const std::string long_one = "https://h/" + std::string(600, 'a');
    for (const std::string_view remote : {""sv,
                                          " "sv,
                                          "https://"sv,
                                          "https:///a"sv,
                                          "https://host"sv,
                                          "https://host/"sv,
                                          "https://host/.git"sv,
                                          "host"sv,
                                          "git@host:"sv,
                                          ":a/b"sv,
                                          "@host"sv,
                                          "https://host/../etc"sv,
                                          "https://host/a/../b"sv,
                                          "https://host/a/.."sv,
                                          "https://host/./a"sv,
                                          "https://host/a//b"sv,
                                          "git@host:../x"sv,
                                          "../x"sv,
                                          "./x"sv,
                                          "/"sv,
                                          "//"sv,
                                          "https://host/a%2fb"sv,
                                          "https://host/a%00b"sv,
                                          "https://host/%2e%2e/x"sv,
                                          "https://host/a%252fb"sv,
                                          "https://host/a%"sv,
                                          "https://host/a%2"sv,
                                          "https://host/a%zz"sv,
                                          "https://host/a\\b"sv,
                                          "https://host/a%5cb"sv,
                                          "https://host/a b"sv,
                                          "https://host/a\nb"sv,
                                          "https://host/a\0b"sv,
                                          "https://ho\x7fst/a"sv,
                                          "https://host:80x/a"sv,
                                          "https://ho%2fst/a"sv,
                                          "https://a..b/c"sv,
                                          "https://.host/a"sv,
                                          "https://*/a"sv,
                                          "https://[::1/a"sv,
                                          "https://[::1]x/a"sv,
                                          "javascript://x/a"sv,
                                          "ext::sh -c x"sv,
                                          "C:\\repo"sv,
                                          "https://host%20x/a"sv,
                                          std::string_view(long_one)})
        EXPECT_FALSE(normalise_remote(remote)) << remote << " became " << normal(remote);
}

TEST(Remote, NoCredentialSurvives) {
    for (const std::string_view remote :
         {"https://user:hunter2@host.example/a/b", "https://hunter2@host.example/a/b",
          "https://host.example/a/b?private_token=hunter2", "https://host.example/a/b#hunter2",
          "ssh://x:hunter2@host.example:22/a/b", "x:hunter2@host.example:a/b"}) {
        EXPECT_EQ(normal(remote).find("hunter2"), std::string::npos) << normal(remote);
    }
}

} // namespace
} // namespace sallyport::repo
