"""Independent samples of each prompt."""

from moetap_branch.request import Request


async def run(asker, prompts, parameters):
    """Asks for n samples of each prompt; nothing to count."""
    sent = {name: parameters[name] for name in ("temperature", "max_tokens")}
    await asker.ask_all([
        Request(f"{prompt.id}#{number}", prompt, prompt.content, sent)
        for prompt in prompts for number in range(parameters["n"])])
    return {}
