/* TCP client: sends its third argument and reads as many bytes back. */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
    char buffer[4096];
    size_t wanted, got = 0;
    struct addrinfo wish = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *address;
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    if (argc < 4 || getaddrinfo(argv[1], argv[2], &wish, &address)) return 2;
    if (connect(connection, address->ai_addr, address->ai_addrlen)) {
        perror("client: connect");
        return 1;
    }
    wanted = strlen(argv[3]);
    if (send(connection, argv[3], wanted, 0) < 0) return 1;
    while (got < wanted) {
        ssize_t length = recv(connection, buffer, sizeof buffer, 0);
        if (length <= 0) return 1;
        got += (size_t)length;
        printf("Echo: %.*s\n", (int)length, buffer);
    }
    close(connection);
    return 0;
}
