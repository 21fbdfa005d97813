"""A second platform, as small as one can be: greeting bots and their phrases, in a dictionary. Nothing outside of
this folder knows it but the line that adds it to the table: `PLATFORMS.add("greetings", ENTRY)`."""

ENTRY = "tests.support.greetings.platform:PLATFORM"
