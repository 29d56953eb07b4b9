/* A program of the guest's with names, lines and types: the debugger stops in it. */
#include <stdio.h>

struct request {
	int number;
	const char *name;
};

static int answer(const struct request *request)
{
	return request->number * 6;
}

int main(int argc, char **argv)
{
	struct request request = { 6 + argc, argv[0] };
	int result = answer(&request);
	printf("%s was told %d\n", request.name, result);
	return 0;
}
