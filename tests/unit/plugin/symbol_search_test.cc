#include "plugin/symbol_search.h"

#include <dlfcn.h>
#include <gmock/gmock.h>

#include <string>

#include "hooks/registry.h"

namespace moetap {
namespace {

using testing::HasSubstr;

// What the search says while `library` is loaded.
std::string SearchWith(const char* library) {
  void* handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  EXPECT_NE(handle, nullptr) << dlerror();
  char text[1200];
  DescribeNearMisses(text, sizeof(text));
  dlclose(handle);
  return text;
}

TEST(SymbolSearchTest, SaysWhenThereIsNothing) {
  char text[1200];
  DescribeNearMisses(text, sizeof(text));
  EXPECT_THAT(text, HasSubstr("no loaded library defines"));
}

TEST(SymbolSearchTest, FindsTheBaseNameWithOtherArguments) {
  EXPECT_THAT(SearchWith(OTHER_ARGUMENTS),
              HasSubstr("other_arguments.so defines _Z13cpu_fused_moeRi, which "
                        "is not the hooked " MOETAP_SYMBOL_CPU_FUSED_MOE));
}

TEST(SymbolSearchTest, FindsANameWithOneLetterChanged) {
  EXPECT_THAT(SearchWith(ONE_LETTER),
              HasSubstr("one_letter.so defines _Z24dynamic_4bit_int_mof_cpu"));
}

TEST(SymbolSearchTest, SaysWhenTheHookedFunctionIsThere) {
  EXPECT_THAT(SearchWith(THE_SAME),
              HasSubstr("the_same.so defines " MOETAP_SYMBOL_CPU_FUSED_MOE
                        ", but calls it past the hook"));
}

TEST(SymbolSearchTest, PrefersAChangedFunctionToOneThatIsMerelyThere) {
  void* handle = dlopen(ANOTHER_HOOK, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(handle, nullptr) << dlerror();
  EXPECT_THAT(SearchWith(OTHER_ARGUMENTS),
              HasSubstr("defines _Z13cpu_fused_moeRi, which is not"));
  EXPECT_THAT(SearchWith(HELPER), HasSubstr("another_hook.so defines "));
  dlclose(handle);
}

TEST(SymbolSearchTest, FitsTheRoomItIsGiven) {
  char text[21];
  text[20] = '!';
  DescribeNearMisses(text, 20);
  EXPECT_EQ(strlen(text), 19u);
  EXPECT_EQ(text[20], '!');
}

}  // namespace
}  // namespace moetap
