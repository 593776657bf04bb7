/*
 * Becomes a program that is given a socket on which somebody listens already:
 *
 *     listen SOCKET DESCRIPTOR PROGRAM [ARGUMENT]...
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (argc < 4 || strlen(argv[1]) >= sizeof(address.sun_path)) {
        fprintf(stderr, "listen SOCKET DESCRIPTOR PROGRAM [ARGUMENT]...\n");
        return 2;
    }
    strcpy(address.sun_path, argv[1]);
    int wanted = atoi(argv[2]);
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made < 0 || bind(made, (struct sockaddr *)&address, sizeof(address)) || listen(made, 1))
        fail("socket");
    if (made == wanted ? fcntl(made, F_SETFD, 0) : dup2(made, wanted) < 0)
        fail("descriptor");
    execv(argv[3], argv + 3);
    fail(argv[3]);
}
