// Forks, vforks and spawns, and says what became of it; a guest that has no
// engine in it.
#include <dirent.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int threads(void) {
  DIR *tasks = opendir("/proc/self/task");
  int n = -2;  // "." and ".."
  while (readdir(tasks) != NULL) ++n;
  closedir(tasks);
  return n;
}

static void report(const char *what, pid_t pid) {
  int status = -1;
  waitpid(pid, &status, 0);
  printf("%s ended with %d\n", what, status);
  fflush(stdout);
}

int main(void) {
  char *echo[] = {"echo", "from", "exec", NULL};
  printf("%d thread\n", threads());
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    fprintf(stderr, "%d thread in the child\n", threads());
    execvp(echo[0], echo);
    _exit(127);
  }
  report("fork", pid);
  pid = vfork();
  if (pid == 0) {
    execvp(echo[0], echo);
    _exit(127);
  }
  report("vfork", pid);
  if (posix_spawnp(&pid, echo[0], NULL, NULL, echo, environ) != 0) return 2;
  report("posix_spawn", pid);
  printf("%d thread\n", threads());
  return 7;
}
