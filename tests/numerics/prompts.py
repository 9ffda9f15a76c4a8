"""Prompts in many scripts, and of every kind."""

PROMPTS = [
    "Once upon a time there was a little robot who",
    "The capital of France is",
    "Water boils at",
    "def fibonacci(n):\n    ",
    "import numpy as np\n\nx = np.",
    '{"name": "Ada", "born": ',
    "<html>\n<body>\n<script>",
    "SELECT name FROM users WHERE",
    "从前有一只小猫，它",
    "中国的首都是",
    "Le petit prince demanda :",
    "Привет, меня зовут",
    "مرحبا بكم في",
    "I love this 😀🎉 so much! 🤖",
    "...!!! ??? --- ",
    "3.14159 26535 8979 2 + 2 =",
    "1, 2, 3, 4, 5, 6,",
    "<|im_start|>user\nSay only: yes<|im_end|>\n<|im_start|>assistant\n",
    "A",
    "The quick brown fox jumps over the lazy dog near the river bank while the sun sets. " * 8,
]
