#include "repo/git_url.h"

#include <gtest/gtest.h>

namespace sallyport::repo {
namespace {

std::string said(std::string_view text) {
    const auto url = read_git_url(text);
    return url ? url->name + " @" + url->host + " " + url->user : url.error().message;
}

TEST(GitUrl, IsToldFromAPath) {
    for (const std::string_view url : {"https://h/a", "git@h:a/b", "file:///a", "ext::sh://x", "git@h:a"})
        EXPECT_TRUE(looks_like_url(url)) << url;
    for (const std::string_view path : {"/srv/git/a.git", "a/b@c:d", "a", "./git@h:a", "C:a", "@", ""})
        EXPECT_FALSE(looks_like_url(path)) << path;
}

TEST(GitUrl, HasTheNameOfItsRemote) {
    EXPECT_EQ(said("https://Git.Acme.example:8443/core/engine.git"), "git.acme.example/core/engine @git.acme.example ");
    EXPECT_EQ(said("git@git.acme.example:core/engine.git"), "git.acme.example/core/engine @git.acme.example git");
    EXPECT_EQ(said("ssh://deploy@git.acme.example:2222/core/engine"),
              "git.acme.example/core/engine @git.acme.example deploy");
    EXPECT_EQ(said("file:///srv/git/engine.git"), "local/srv/git/engine @local ");
    for (const std::string_view loopback : {"http://127.0.0.1:80/a/b", "http://localhost/a/b", "http://[::1]:80/a/b"})
        EXPECT_TRUE(read_git_url(loopback)) << loopback;
}

TEST(GitUrl, ThatIsUnsafeIsRefusedWithoutBeingShown) {
    for (const std::string_view text :
         {"http://git.acme.example/a/b", "http://127.0.0.1.acme.example/a/b", "http://localhost.acme.example/a/b",
          "http://127.0.0.1@git.acme.example/a/b", "git://h/a/b", "ftp://h/a/b", "ext::sh -c hunter2://x",
          "https://u:hunter2@h/a/b", "https://hunter2@h/a/b", "ssh://u:hunter2@h/a/b", "file://other/srv/a",
          "https://h/a/../b", "https://h/", "https://h/a?hunter2", "git@h:a'b", "https://h/a b", "javascript://h/a",
          "git@h:"}) {
        const auto url = read_git_url(text);
        EXPECT_FALSE(url) << text;
        if (!url) EXPECT_EQ(url.error().message.find("hunter2"), std::string::npos) << url.error().message;
    }
}

} // namespace
} // namespace sallyport::repo
