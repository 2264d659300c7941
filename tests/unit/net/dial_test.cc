#include "net/dial.h"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "net/deadline.h"
#include "net/loop_fixture.h"
#include "net/socket_fixture.h"

namespace cardea::net {
namespace {

using namespace std::chrono_literals;

class DialTest : public LoopTest {
 protected:
  base::Result<Stream> dial_to(Endpoint endpoint, std::chrono::milliseconds limit = 20s) {
    return run(dial(loop_, std::move(endpoint), limit, base::ErrorSource::store));
  }
  static void expect_retryable(const base::Result<Stream>& dialled, base::ErrorCode code) {
    ASSERT_FALSE(dialled);
    EXPECT_EQ(dialled.error().code, code) << dialled.error().to_string();
    EXPECT_EQ(dialled.error().source, base::ErrorSource::store);
    EXPECT_TRUE(dialled.error().retryable) << "no byte was sent";
  }

  HeldPort port_;
};

TEST_F(DialTest, ConnectsToAListener) {
  port_.listen();
  const auto dialled = dial_to({"127.0.0.1", port_.port(), {}});
  ASSERT_TRUE(dialled) << dialled.error().to_string();
  EXPECT_TRUE(dialled->is_open());
}

TEST_F(DialTest, ResolvesAName) {
  port_.listen();
  const auto dialled = dial_to({"localhost", port_.port(), {}});
  ASSERT_TRUE(dialled) << dialled.error().to_string();
}

TEST_F(DialTest, IsRefusedWhereNobodyListens) {
  const auto dialled = dial_to({"127.0.0.1", port_.port(), {}});
  expect_retryable(dialled, base::ErrorCode::refused);
  EXPECT_NE(dialled.error().context.find("127.0.0.1:" + std::to_string(port_.port())), std::string::npos);
  expect_retryable(dial_to({"localhost", port_.port(), {}}), base::ErrorCode::refused);
}

TEST_F(DialTest, ReportsANameThatDoesNotResolve) {
  // A label of 64 letters: the resolver refuses it without asking anybody.
  expect_retryable(dial_to({std::string(64, 'a') + ".example", 80, {}}), base::ErrorCode::unavailable);
}

TEST_F(DialTest, GivesUpAfterItsLimit) {
  port_.listen(0);
  // The queue of a listener that accepts nobody fills up; then the kernel answers no more.
  std::vector<base::Result<Stream>> dialled;
  do {
    dialled.push_back(dial_to({"127.0.0.1", port_.port(), {}}, 200ms));
  } while (dialled.back() && dialled.size() < 20);
  expect_retryable(dialled.back(), base::ErrorCode::timeout);
}

TEST_F(DialTest, TriesTheOtherAddressesWhenOneIsSilent) {
  port_.listen(0);
  std::vector<base::Result<Stream>> dialled;
  do {
    dialled.push_back(dial_to({"127.0.0.1", port_.port(), {}}, 200ms));
  } while (dialled.back() && dialled.size() < 20);
  ASSERT_FALSE(dialled.back()) << "the queue is full: from here on it is silent";
  HeldPort answering;
  answering.listen();
  const auto local = boost::asio::ip::make_address("127.0.0.1");
  const Addresses addresses = {SocketAddress::from_ip(local, port_.port()),
                               SocketAddress::from_ip(local, answering.port())};
  const auto reached = run(dial_any(loop_, addresses, {"name.example", port_.port(), {}}, Deadline(2s),
                                    base::ErrorSource::upstream));
  EXPECT_TRUE(reached) << reached.error().to_string();
}

TEST_F(DialTest, MayBeDestroyedWhileItConnects) {
  port_.listen();
  auto abandoned = start(dial(loop_, {"127.0.0.1", port_.port(), {}}, 20s, base::ErrorSource::store));
  abandoned.reset();
  EXPECT_TRUE(dial_to({"localhost", port_.port(), {}}));
}

class DialUnixTest : public DialTest {
 protected:
  DialUnixTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cardea-dial-XXXXXX").string();
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  ~DialUnixTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
};

TEST_F(DialUnixTest, ConnectsToASocketOfTheFileSystem) {
  const std::string path = (folder_ / "socket").string();
  const FileDescriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = SocketAddress::from_path(path);
  ASSERT_TRUE(address);
  ASSERT_EQ(::bind(listener.get(), address->data(), address->size()), 0);
  ASSERT_EQ(::listen(listener.get(), 8), 0);
  const auto dialled = dial_to({{}, 0, path});
  ASSERT_TRUE(dialled) << dialled.error().to_string();
}

TEST_F(DialUnixTest, ReportsASocketThatIsNotThere) {
  expect_retryable(dial_to({{}, 0, (folder_ / "nothing").string()}), base::ErrorCode::refused);
}

TEST_F(DialUnixTest, RefusesAPathThatNoSocketCanHave) {
  const auto dialled = dial_to({{}, 0, "/" + std::string(108, 'p')});
  ASSERT_FALSE(dialled);
  EXPECT_EQ(dialled.error().code, base::ErrorCode::invalid);
}

}  // namespace
}  // namespace cardea::net
